import { z } from 'zod';

/** What every target is asked to return: the length of a short sentence, so that the payload is not what is measured. */
export const MESSAGE = 'the quick brown fox jumps over the lazy dog';

/** The arguments of every call. */
export const ECHO_ARGUMENTS = { message: MESSAGE } as const;

/** Makes the result of `tools/call` of echo as MCP writes it. */
export function echoResult(message: string) {
  return { content: [{ type: 'text' as const, text: message }], structuredContent: { message }, isError: false };
}

const answerShape = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.unknown(),
  result: z.object({
    content: z.tuple([z.object({ type: z.literal('text'), text: z.literal(MESSAGE) })]),
    structuredContent: z.object({ message: z.literal(MESSAGE) }).optional(),
    isError: z.literal(false).optional(),
  }),
});

/**
 * Checks that a JSON-RPC answer is the right one.
 *
 * @throws {Error} with the answer in it when it is anything else.
 */
export function assertEchoed(text: string, id: string | number): void {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    throw new Error(`the answer is not JSON: ${text.slice(0, 500)}`, { cause: error });
  }
  const parsed = answerShape.safeParse(answer);
  if (!parsed.success || parsed.data.id !== id) throw new Error(`a wrong answer: ${text.slice(0, 500)}`);
}
