import { z } from 'zod';

/**
 * Says everything that is wrong with the environment at once.
 *
 * The message is meant for the person who starts the process: no stack, and never a value, since values may be secret.
 */
export class ConfigError extends Error {
  /** One entry per problem, as `z.prettifyError` words it, naming the variable. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }

  /** Converts what zod found; each issue becomes one problem. */
  static fromZod(error: z.ZodError): ConfigError {
    return new ConfigError(error.issues.map((issue) => z.prettifyError({ issues: [issue] })));
  }
}
