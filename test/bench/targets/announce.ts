/** The first line a target prints, by which the harness learns its port. */
export interface Announcement {
  readonly port: number;
}

/** Tells the harness where this target listens, and ends this process with the harness. */
export function announce(announcement: Announcement): void {
  process.on('disconnect', () => process.exit(0));
  // Ended by the signal itself, it would leave no profile.
  process.on('SIGTERM', () => process.exit(0));
  process.stdout.write(`${JSON.stringify(announcement)}\n`);
}
