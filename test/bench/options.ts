import { parseArgs } from 'node:util';

import { type ContenderName, CONTENDERS, isContenderName, RAW_GRPC_MORE } from './contender-names.ts';
import { WARM_REQUESTS } from './warm-up.ts';

/** What is measured. */
export type Mode = 'throughput' | 'rate' | 'idle' | 'soak' | 'profile' | 'lists' | 'replicas';

/** What the command line says. */
export interface BenchOptions {
  readonly mode: Mode;
  readonly only: readonly ContenderName[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** What a cluster has to have answered before it is measured. */
  readonly warmRequests: number;
  readonly connections: number;
  readonly channels: number;
  readonly sessions: number;
  readonly sessionInFlight: number;
  /** Gateways of each cluster, on the same ports. */
  readonly gateways: number;
  readonly soakMinutes: number;
  /** Where the profiles are left. */
  readonly profileFolder: string | undefined;
  readonly jsonFile: string | undefined;
  readonly isGated: boolean;
  readonly isRecorded: boolean;
}

const MODES = ['rate', 'lists', 'idle', 'replicas', 'profile'] as const;
/** Fewer rounds, or shorter ones, say little about a spread. */
export const DEFAULTS = { rounds: 5, seconds: 4, warmUpSeconds: 2, warmRequests: WARM_REQUESTS };
/** Ends within a minute. */
const QUICK = { rounds: 3, seconds: 1, warmUpSeconds: 1, warmRequests: 6_000 };
/** A strict cluster differs from the other in one thing, which one way into it shows; a client of another kind in none. */
const QUICK_NAMES = CONTENDERS.filter(
  (name) =>
    !RAW_GRPC_MORE.some((one) => one === name) &&
    !name.includes('-js') &&
    (!name.endsWith('-strict') || name === 'gantry-http-native-strict'),
);

/** Describes the command line. */
export const USAGE = `npm run bench -- [options]

  --only NAME,NAME     only these; names: ${CONTENDERS.join(' ')}
  --rounds N           rounds of all contenders (default ${DEFAULTS.rounds})
  --seconds N          length of each measurement, whole seconds (default ${DEFAULTS.seconds})
  --connections N      requests in flight (default 64)
  --channels N         HTTP/2 connections that unary gRPC calls are spread over (default 8)
  --sessions N         gRPC sessions (default 4)
  --session-in-flight N  messages in flight over all sessions of the -js names (default: --connections);
                       h2load sends as many as the gateway takes
  --gateways N         gateways of each cluster, which share its ports (default 1); not with --gate, --record
  --quick              ${QUICK.rounds} rounds of ${QUICK.seconds} s, without most of the strict ones; under a minute
  --gate               exit with 1 when a ratio is more than 30 % below test/bench/baseline.json
  --record             write that file
  --json FILE          write the results for machines

  --rate               added latency at 1000 requests/s
  --lists              tools/list with 500 tools, and with up to 10,000 sessions
  --idle               memory of 10,000 idle WebSockets
  --soak MINUTES       1000 requests/s for that long: errors, growth of memory; ten minutes more to warm up and cool down
  --replicas           cost of a request, and of idling, with one, two and four replicas
  --profile            where the microseconds go, of the one in --only (default gantry-http-native)
  --profile-dir DIR    leave the .cpuprofile files there
`;

const FLAGS = {
  only: { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  connections: { type: 'string' },
  channels: { type: 'string' },
  sessions: { type: 'string' },
  'session-in-flight': { type: 'string' },
  gateways: { type: 'string' },
  'profile-dir': { type: 'string' },
  json: { type: 'string' },
  soak: { type: 'string' },
  quick: { type: 'boolean' },
  gate: { type: 'boolean' },
  record: { type: 'boolean' },
  rate: { type: 'boolean' },
  lists: { type: 'boolean' },
  idle: { type: 'boolean' },
  replicas: { type: 'boolean' },
  profile: { type: 'boolean' },
} as const;

/**
 * Reads the command line.
 *
 * @throws {Error} that says what is wrong with it.
 */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({ args: [...args], options: FLAGS, strict: true });
  const base = values.quick ? QUICK : DEFAULTS;
  const connections = wholeNumber('connections', values.connections, 64);
  const modes = MODES.filter((mode) => values[mode]);
  if (modes.length + (values.soak === undefined ? 0 : 1) > 1) throw new Error('one kind of measurement at a time');
  const gateways = wholeNumber('gateways', values.gateways, 1);
  if (gateways > 1 && (modes.length > 0 || values.soak !== undefined)) throw new Error('--gateways is for throughput');
  if (gateways > 1 && (values.gate || values.record)) throw new Error('the baseline is of one gateway a cluster');
  return {
    mode: values.soak === undefined ? (modes[0] ?? 'throughput') : 'soak',
    only: namesOf(values.only, values.quick ? QUICK_NAMES : CONTENDERS),
    rounds: wholeNumber('rounds', values.rounds, base.rounds),
    seconds: wholeNumber('seconds', values.seconds, base.seconds),
    warmUpSeconds: base.warmUpSeconds,
    warmRequests: base.warmRequests,
    connections,
    channels: wholeNumber('channels', values.channels, 8),
    sessions: wholeNumber('sessions', values.sessions, 4),
    sessionInFlight: wholeNumber('session-in-flight', values['session-in-flight'], connections),
    gateways,
    soakMinutes: wholeNumber('soak', values.soak, 10),
    profileFolder: values['profile-dir'],
    jsonFile: values.json,
    isGated: values.gate ?? false,
    isRecorded: values.record ?? false,
  };
}

function wholeNumber(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} is "${text}", not a whole number above 0`);
  return value;
}

function namesOf(text: string | undefined, fallback: readonly ContenderName[]): readonly ContenderName[] {
  if (text === undefined) return fallback;
  const names = text.split(',');
  const unknown = names.filter((name) => !isContenderName(name));
  if (unknown.length > 0) throw new Error(`no such name: ${unknown.join(', ')}; names: ${CONTENDERS.join(' ')}`);
  return names.filter(isContenderName);
}
