import pino from 'pino';

import { redactSecrets } from './redact-secrets.ts';
import { serializeError } from './serialize-error.ts';

/** Writes structured JSON lines; the message is a constant sentence and everything variable is a camelCase field. */
export type Logger = pino.Logger;

/** Says what the lines of a logger are labelled with and where they go. */
export interface CreateLoggerOptions {
  /** Names the service; present on every line as `service`. */
  readonly service: string;
  /** Lowest level written: `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`. */
  readonly level: pino.LevelWithSilent;
  /** Receives each line, newline included. Default: standard output, written synchronously so that a crash loses nothing. */
  readonly destination?: pino.DestinationStream;
}

const STDOUT = 1;

/**
 * Creates the logger of one service.
 *
 * Lines carry `level` as a word, `time` in ISO 8601 and `service`. Errors go under `err` or `error`, with their causes and without
 * the objects that libraries hang on them.
 * Credentials (`authorization`, `apiKey`, `assertion`, `secret`, `password`, tokens and cookies) are replaced by
 * `[redacted]` in the fields of a line and in the bindings of child loggers, down to five levels.
 *
 * @example
 * const logger = createLogger({ service: 'tool', level: 'info' });
 * logger.info({ rpc: 'CallTool', durationMs: 12 }, 'call finished');
 */
export function createLogger({ service, level, destination }: CreateLoggerOptions): Logger {
  const options: pino.LoggerOptions = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: redactSecrets },
    serializers: { err: serializeError, error: serializeError },
  };
  return redactBindings(pino(options, destination ?? pino.destination({ fd: STDOUT, sync: true })));
}

/** pino has a formatter for the bindings of the root only; its children inherit this method from it. */
function redactBindings(logger: Logger): Logger {
  logger.child = new Proxy<Logger['child']>(Reflect.get(logger, 'child'), {
    apply: (child, parent: Logger, [bindings, options]: Parameters<Logger['child']>) =>
      Reflect.apply(child, parent, [redactSecrets(bindings), options]),
  });
  return logger;
}
