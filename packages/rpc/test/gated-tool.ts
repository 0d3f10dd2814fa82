import { Tool } from '@gantry/protocol/gantry/tool/v1/tool_service';

import type { ToolHandlers } from './rpc-world.ts';

/** A handler that answers when it is let. */
export function gatedTool() {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const getTool: ToolHandlers['getTool'] = async ({ name }) => {
    begin();
    await gate;
    return { tool: Tool.create({ name }) };
  };
  return { getTool, begun, open };
}
