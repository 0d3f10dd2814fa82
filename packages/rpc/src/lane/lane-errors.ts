import { AppError, type AppErrorInit } from '@gantry/errors';

/** A call that certainly had no effect: it may be made again, whatever its method. */
export class NotStartedError extends AppError {
  /** Says of an error that it came before the call had begun. */
  static of(error: AppError): NotStartedError {
    const { code, reason, message, domain, metadata, retryAfterMs, fieldViolations } = error;
    const init: AppErrorInit = { code, reason, message, domain, metadata, retryAfterMs, fieldViolations };
    return new NotStartedError(init);
  }
}

/** The server has as many calls or bytes in flight as it takes. */
export function laneFull(): AppError {
  return new AppError({
    code: 'UNAVAILABLE',
    reason: 'LANE_FULL',
    message: 'the service has as many calls in flight as it takes from one client; try again',
  });
}

/** The server is about to stop, or does not want to serve for now. */
export function laneDraining(): AppError {
  return new AppError({
    code: 'UNAVAILABLE',
    reason: 'LANE_DRAINING',
    message: 'this replica takes no more calls; try another one',
  });
}

/** The lane was old and was replaced, and a call on it went on for too long: a stream is opened again, on the new one. */
export function laneReplaced(service: string): AppError {
  return new AppError({
    code: 'UNAVAILABLE',
    reason: 'LANE_REPLACED',
    message: `the connection to the ${service} service was renewed; open the stream again`,
    metadata: { service },
  });
}

/** There are too many lanes. */
export function laneLimit(lanesMax: number): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'LANE_LIMIT',
    message: `this replica has ${lanesMax} lanes open, as many as it takes; make ordinary calls`,
  });
}

/** The peer does not keep to the rules of lane.proto. */
export function laneProtocolError(problem: string): AppError {
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'LANE_PROTOCOL_ERROR',
    message: `the lane is broken: ${problem}; see lane.proto`,
  });
}

/** The peer does not read. */
export function laneUnread(): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'LANE_UNREAD',
    message: 'the replies of this lane are not read; read them, or open fewer calls at a time',
  });
}

/** The call refers to an assertion that the server does not have. */
export function assertionUnknown(): AppError {
  return new AppError({
    code: 'UNAUTHENTICATED',
    reason: 'LANE_ASSERTION_UNKNOWN',
    message: 'the lane does not know the assertion of this call; send it by value first',
  });
}

/** The reply does not fit into a frame. */
export function replyTooLarge(bytesMax: number): AppError {
  return new AppError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'LANE_REPLY_TOO_LARGE',
    message: `the reply has more than ${bytesMax} bytes; ask for less`,
  });
}

/** The client has as many calls waiting as it holds. */
export function laneQueueFull(service: string): AppError {
  return new AppError({
    code: 'UNAVAILABLE',
    reason: 'LANE_QUEUE_FULL',
    message: `too many calls wait for the ${service} service; try again`,
    metadata: { service },
  });
}
