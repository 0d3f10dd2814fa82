import { isReason } from '@gantry/errors';
import { requirePermission } from '@gantry/identity';
import type { ToolServiceDefinition } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { type Handlers, onlyReply } from '@gantry/rpc';

import { callTool, type CallToolDeps } from '../domain/call-tool.ts';
import type { SerializedResult } from '../domain/tool.ts';
import type { ToolMetrics } from '../metrics.ts';
import { cutPage } from './page.ts';
import { toToolsJson } from './to-mcp-json.ts';
import { toResultEvent, toTool } from './to-proto.ts';

const NO_BYTES = new Uint8Array(0);

/** What the handlers need. */
export interface ToolHandlersDeps extends CallToolDeps {
  readonly metrics: ToolMetrics;
}

/** Creates the handlers of ToolService. */
export function createToolHandlers(deps: ToolHandlersDeps): Handlers<ToolServiceDefinition> {
  return {
    async listTools(request, { principal }) {
      requirePermission(principal, 'tools', 'read');
      const { items, nextPageToken } = cutPage(await deps.catalog.list(principal), request);
      if (request.asJson) return { tools: [], nextPageToken, toolsJson: toToolsJson(items) };
      return { tools: items.map(toTool), nextPageToken, toolsJson: NO_BYTES };
    },

    async getTool({ name }, { principal }) {
      requirePermission(principal, 'tools', 'read');
      const { definition } = await deps.catalog.find(principal, name);
      return { tool: toTool(definition) };
    },

    callTool({ name, argumentsJson }, context) {
      const { principal } = context;
      const running = callTool(deps, { principal, name, argumentsJson, call: context });
      return onlyReply(measured(deps.metrics, name, running).then(toResultEvent));
    },
  };
}

async function measured(
  metrics: ToolMetrics,
  name: string,
  running: Promise<SerializedResult>,
): Promise<SerializedResult> {
  const ended = metrics.started();
  try {
    const result = await running;
    ended(name, result.isError ? 'failed' : 'succeeded');
    return result;
  } catch (error) {
    if (isReason(error, 'TOOL_TIMED_OUT')) ended(name, 'timed_out');
    else if (isReason(error, 'TOOL_BUSY')) ended(name, 'busy');
    else ended(undefined, 'refused');
    throw error;
  }
}
