import { FrameIntake } from '../../src/lane/frame-intake.ts';
import type { WireError, WireReader } from '../../src/lane/wire-reader.ts';

const neverPaused = { pause: () => undefined, resume: () => undefined };

/**
 * Reads a frame the way a lane does.
 *
 * @throws {WireError} when it is not one; the parts before the fault have been read.
 */
export function readFrame(frame: Buffer, readPart: (reader: WireReader) => void): void {
  const faults: WireError[] = [];
  const intake = new FrameIntake({ stream: neverPaused, readPart, onBroken: (fault) => void faults.push(fault) });
  intake.take(frame);
  intake.readAll();
  for (const fault of faults) throw fault;
}
