import type { ProfileResult } from '../modes/profile.ts';
import { toTable } from './table.ts';

const IDLE = 'idle';
/** Smaller than that is one sample in a hundred requests. */
const SHOWN_US_MIN = 0.05;

/** Writes where the microseconds go, for people. */
export function toProfileText({ name, requests, rps, services }: ProfileResult): string {
  const groups = [...new Set(services.flatMap(({ usByGroup }) => Object.keys(usByGroup)))].filter(
    (one) => one !== IDLE,
  );
  const us = (group: string) => services.map(({ usByGroup }) => usByGroup[group] ?? 0);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const row = (label: string, values: readonly number[]) => [label, ...[...values, sum(values)].map(toCell)];
  const sorted = groups.toSorted((a, b) => sum(us(b)) - sum(us(a)));
  const totals = services.map(({ usByGroup }) => sum(Object.values(usByGroup)) - (usByGroup[IDLE] ?? 0));
  const heading = ['µs a request', ...services.map(({ service }) => service), 'sum'];
  const table = toTable(heading, [
    ...sorted.map((group) => row(group, us(group))),
    row('busy', totals),
    row(IDLE, us(IDLE)),
  ]);
  const hot = services.map(
    ({ service, hottest }) =>
      `\n${service}: functions by self time, µs a request\n${hottest
        .map((one) => `  ${one.usPerRequest.toFixed(1).padStart(7)}  ${one.name}  ${one.place}`)
        .join('\n')}`,
  );
  return [`${name}: ${requests} requests, ${Math.round(rps)} a second, under the profiler\n`, table, ...hot].join('\n');
}

function toCell(us: number): string {
  return us < SHOWN_US_MIN ? '' : us.toFixed(1);
}
