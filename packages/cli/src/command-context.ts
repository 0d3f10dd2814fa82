/** What the commands are given. */
export interface CommandContext {
  readonly env: NodeJS.ProcessEnv;
  /** Sets the exit code of a command that ran but did not wholly succeed. */
  readonly setExitCode: (code: number) => void;
}
