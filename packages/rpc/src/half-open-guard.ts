import {
  ResponderBuilder,
  type ServerInterceptor,
  ServerInterceptingCall,
  ServerListenerBuilder,
  status,
} from '@grpc/grpc-js';

/**
 * Returns the interceptor that ends a call whose request does not come whole within `requestMs`. Until then no handler runs, so
 * no deadline of ours is set; thousands of such half-open calls would stay open for ever.
 */
export function halfOpenGuard(requestMs: number): ServerInterceptor {
  return (method, call) => {
    if (method.requestStream) return new ServerInterceptingCall(call);
    const giveUp = () => {
      call.sendStatus(requestLate(requestMs));
    };
    const timer = setTimeout(giveUp, requestMs);
    timer.unref();
    const listener = new ServerListenerBuilder()
      .withOnReceiveHalfClose((next) => {
        clearTimeout(timer);
        next();
      })
      .withOnCancel(() => clearTimeout(timer))
      .build();
    return new ServerInterceptingCall(call, new ResponderBuilder().withStart((next) => next(listener)).build());
  };
}

/** The status of a call whose request did not come whole. */
export function requestLate(requestMs: number): { readonly code: number; readonly details: string } {
  const details = `the request did not come whole within ${requestMs} ms; send it and close your side of the stream`;
  return { code: status.DEADLINE_EXCEEDED, details };
}
