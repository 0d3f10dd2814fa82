import { connect } from 'node:net';

import { type HttpAnswer, parseHttpAnswer } from './http-answer.ts';
import { FIRST_ID, type HttpPlan, toTemplates } from './http-plan.ts';

/** A target that does not answer one request in this time cannot be measured. */
const ANSWER_MS_MAX = 10_000;

/**
 * Sends one request of a plan, byte by byte what the load will send, and checks the answer. Returns its size, which the
 * size of the answers under load is compared with.
 *
 * @throws {Error} when the answer is not the right one.
 */
export async function exchange(plan: HttpPlan, id = FIRST_ID): Promise<HttpAnswer> {
  const templates = toTemplates(plan);
  const template = templates[id % templates.length];
  if (template === undefined) throw new Error('a plan without headers');
  const answer = await send(plan, `${template.head}${id}${template.tail}`);
  if (answer.status !== 200) throw new Error(`HTTP ${answer.status}: ${answer.body.slice(0, 300)}`);
  plan.assertAnswer(answer.body, id);
  return answer;
}

/** Sends bytes on a connection of their own and returns the answer. */
function send({ host, port }: HttpPlan, request: string): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const socket = connect({ host, port });
  let received = Buffer.alloc(0);
  socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy(new Error(`no answer within ${ANSWER_MS_MAX} ms`)));
  socket.on('error', reject);
  socket.on('close', () => reject(new Error('the connection was closed before the answer was whole')));
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    const answer = parseHttpAnswer(received);
    if (answer === undefined) return;
    resolve(answer);
    socket.end();
  });
  socket.write(request);
  return promise;
}
