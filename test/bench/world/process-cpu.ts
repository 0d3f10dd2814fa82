import { readFileSync } from 'node:fs';

/** The kernel counts in hundredths of a second for all of user space: USER_HZ. */
const MS_PER_TICK = 10;

/** Returns the processor time that a process has used so far, in all its threads; 0 when it is gone. */
export function cpuMsOf(pid: number): number {
  try {
    return cpuMsIn(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return 0;
  }
}

/** Reads utime and stime out of a `/proc/PID/stat`. The name in it is in parentheses, and may contain anything. */
export function cpuMsIn(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [utime, stime] = [fields[11], fields[12]];
  return (Number(utime) + Number(stime)) * MS_PER_TICK;
}

/** Returns the processor time that everything on this machine has used since it started. */
export function machineCpuMs(): number {
  return machineCpuMsIn(readFileSync('/proc/stat', 'utf8'));
}

/** Adds up the first line of `/proc/stat`, without idle, iowait and the guests that user and nice contain already. */
export function machineCpuMsIn(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] =
    stat.split('\n')[0]?.trim().split(/\s+/).slice(1).map(Number) ?? [];
  return (user + nice + system + irq + softirq + steal) * MS_PER_TICK;
}

/** Returns the resident memory of a process. */
export function rssBytesOf(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib ?? 0) * 1_024;
}
