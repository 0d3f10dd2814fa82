/** A failure that the user is told of in a sentence, with what to do next. Exit code 1. */
export class CliError extends Error {
  /** What to do next. */
  readonly hint: string | undefined;

  constructor(message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.hint = options.hint;
  }
}

/** A command that was written wrongly; nothing was done. Exit code 2. */
export class UsageError extends CliError {}
