import { AppError } from '@gantry/errors';

import { HANDLERS_MAX, PAYLOAD_BYTES_MAX, TOPIC_CHARS_MAX, TOPICS_MAX } from './bus.ts';

/** A payload is over the cap. */
export function payloadTooLarge(bytes: number): AppError {
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'BUS_PAYLOAD_TOO_LARGE',
    message: `a bus message has at most ${PAYLOAD_BYTES_MAX} bytes, this one ${bytes}; send a reference instead`,
  });
}

/** A topic is empty or over the cap. */
export function topicInvalid(): AppError {
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'BUS_TOPIC_INVALID',
    message: `a bus topic has 1 to ${TOPIC_CHARS_MAX} characters`,
  });
}

/** All topics or handlers are taken. */
export function subscriptionsFull(): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'BUS_SUBSCRIPTIONS_FULL',
    message: `this process hears ${TOPICS_MAX} topics with ${HANDLERS_MAX} handlers at most, try again later`,
  });
}

/** The bus was disposed. */
export function busClosed(): AppError {
  return new AppError({ code: 'FAILED_PRECONDITION', reason: 'BUS_CLOSED', message: 'the bus is closed' });
}
