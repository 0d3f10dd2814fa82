import { requirePermission } from '@gantry/identity';
import type { ToolServiceDefinition } from '@gantry/protocol/gantry/tool/v1/tool_service';
import type { Handlers } from '@gantry/rpc';

import { callTool, type CallToolDeps } from '../domain/call-tool.ts';
import type { ToolMetrics } from '../metrics.ts';
import { cutPage } from './page.ts';
import { toResultEvent, toTool } from './to-proto.ts';

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
      return { tools: items.map(toTool), nextPageToken };
    },

    async getTool({ name }, { principal }) {
      requirePermission(principal, 'tools', 'read');
      const { definition } = await deps.catalog.find(principal, name);
      return { tool: toTool(definition) };
    },

    async *callTool({ name, argumentsJson }, context) {
      const { principal, assertion, deadlineMs, trace, requestId, signal } = context;
      const call = { assertion, deadlineMs, trace, requestId, signal };
      const ended = deps.metrics.started();
      try {
        const result = await callTool(deps, { principal, name, argumentsJson, call });
        ended(name, result.isError ? 'failed' : 'succeeded');
        yield toResultEvent(result);
      } catch (error) {
        ended(undefined, 'refused');
        throw error;
      }
    },
  };
}
