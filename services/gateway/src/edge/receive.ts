import type { Body } from '../json-rpc/message.ts';
import { decodeBody, parseBody } from '../json-rpc/parse-body.ts';
import type { Arrival } from '../pipeline/arrival.ts';
import type { Answer, Pipeline } from '../pipeline/pipeline.ts';
import type { Eventual } from '../pipeline/settle.ts';

/** Parses what came in and answers it. `onParsed` sees the messages before they are worked on. Never throws, never rejects. */
export function receive(
  pipeline: Pipeline,
  { input, arrival, onParsed }: { input: string | Uint8Array; arrival: Arrival; onParsed?: (body: Body) => void },
): Eventual<Answer> {
  let body: Body;
  try {
    body = parseBody(typeof input === 'string' ? input : decodeBody(input));
    onParsed?.(body);
  } catch (error) {
    return pipeline.refuse(error, arrival);
  }
  return pipeline.answer(body, arrival);
}
