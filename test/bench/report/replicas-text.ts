import type { LoadKind, ReplicasResult } from '../modes/replicas.ts';
import { toTable } from './table.ts';

const SERVICES = ['gateway', 'tool', 'auth', 'context', 'resource'];

/** Writes what replicas cost, for people. */
export function toReplicasText({ loaded, idle }: ReplicasResult): string {
  const rowsOf = (kind: LoadKind) =>
    loaded
      .filter(({ load }) => load === kind)
      .map(({ gateway, tool, rps, gatewayUs, toolUs, sumUs, cost, packed }) => [
        String(gateway),
        String(tool),
        rps.median.toFixed(0),
        ...[gatewayUs, toolUs, sumUs].map((us) => us.toFixed(0)),
        cost.median.toFixed(2),
        `[${cost.min.toFixed(2)} to ${cost.max.toFixed(2)}]`,
        packed.toFixed(1),
      ]);
  const heading = ['gateways', 'tools', 'requests/s', 'gateway µs', 'tool µs', 'all µs', 'x one each'];
  const idleRows = idle.map(({ gateway, tool, msPerSecond }) => [
    String(gateway),
    String(tool),
    ...SERVICES.map((name) => (msPerSecond[name] ?? 0).toFixed(1)),
  ]);
  return [
    'µs: processor time a request; x one each: beside one of each, in the same round; packed: parts in a frame of a tool service\n',
    'as much as the cluster carries, with the same number of requests in flight for each gateway\n',
    toTable([...heading, '[range]', 'packed'], rowsOf('saturated')),
    '\nthe same rate for each gateway\n',
    toTable([...heading, '[range]', 'packed'], rowsOf('fixed rate')),
    '\nprocessor time of one idle process, ms a second\n',
    toTable(['gateways', 'tools', ...SERVICES], idleRows),
  ].join('\n');
}
