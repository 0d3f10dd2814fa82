import type { Now } from '../domain/ports.ts';
import { failWith, succeed, type Tool, type ToolResult } from '../domain/tool.ts';

/** Creates the tool that tells the time, in any IANA time zone. */
export function createCurrentTime(now: Now): Tool {
  return {
    definition: {
      name: 'current_time',
      title: 'Current time',
      description: 'Tells the current date and time, in UTC and in a time zone.',
      inputSchema: {
        type: 'object',
        properties: {
          timezone: {
            type: 'string',
            maxLength: 64,
            description: 'An IANA time zone, e.g. Europe/Berlin. Default: UTC.',
          },
        },
        additionalProperties: false,
      },
      outputSchema: {
        type: 'object',
        properties: {
          utc: { type: 'string', description: 'ISO 8601, in UTC.' },
          local: { type: 'string', description: 'Date and time in the time zone.' },
          timezone: { type: 'string' },
        },
        required: ['utc', 'local', 'timezone'],
      },
      annotations: { readOnlyHint: true, openWorldHint: false },
      timeoutMs: 5_000,
    },
    async run({ timezone = 'UTC' }) {
      return tellTime(new Date(now()), String(timezone));
    },
  };
}

function tellTime(time: Date, timezone: string): ToolResult {
  try {
    const local = new Intl.DateTimeFormat('sv-SE', {
      timeZone: timezone,
      dateStyle: 'short',
      timeStyle: 'medium',
    }).format(time);
    const utc = time.toISOString();
    return succeed(`It is ${local} in ${timezone} (${utc}).`, { utc, local, timezone });
  } catch {
    // Intl throws a RangeError for a zone it does not know.
    return failWith(`"${timezone}" is not an IANA time zone; use one such as Europe/Berlin or UTC`);
  }
}
