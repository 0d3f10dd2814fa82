export { connect, type ConnectOptions } from './connect.ts';
export { JsonRpcError, SessionError } from './errors.ts';
export type {
  NotificationListener,
  RequestHandler,
  RequestOptions,
  Session,
  SessionState,
  StateListener,
} from './session.ts';
