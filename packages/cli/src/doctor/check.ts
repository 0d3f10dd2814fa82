/** What one check found. */
export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'failed' | 'skipped';
  /** What was seen, in a few words. */
  readonly found: string;
  /** What to do about it; absent when there is nothing to do. */
  readonly todo?: string;
}
