/** What Gantry is compared with. */
export const BASELINES = ['raw-http', 'raw-grpc', 'sdk-v1-session', 'sdk-v2-modern'] as const;

/** The server of raw-grpc again: over sessions, and by grpc-js instead of h2load. */
export const RAW_GRPC_MORE = ['raw-grpc-js', 'raw-grpc-session', 'raw-grpc-session-js'] as const;

/** The ways into a Gantry cluster. */
export const GANTRY_WAYS = [
  'gantry-http-native',
  'gantry-http-2025',
  'gantry-http-2026',
  'gantry-grpc-process',
  'gantry-grpc-session',
  'gantry-grpc-session-js',
] as const;

export type BaselineName = (typeof BASELINES)[number];
export type GantryWay = (typeof GANTRY_WAYS)[number];

/** One line of the results; `-strict` waits for the audit event of each request. */
export type ContenderName = BaselineName | GantryWay | `${GantryWay}-strict` | (typeof RAW_GRPC_MORE)[number];

/** All of them, in the order of the report. */
export const CONTENDERS: readonly ContenderName[] = [
  ...BASELINES,
  ...RAW_GRPC_MORE,
  ...GANTRY_WAYS,
  ...GANTRY_WAYS.map((way) => `${way}-strict` as const),
];

/** Tells whether a text is one of the names. */
export function isContenderName(text: string): text is ContenderName {
  return CONTENDERS.some((name) => name === text);
}

/** The audit mode of the cluster a name needs, or undefined for what needs none. */
export function auditOf(name: ContenderName): 'async' | 'strict' | undefined {
  if (!name.startsWith('gantry-')) return undefined;
  return name.endsWith('-strict') ? 'strict' : 'async';
}
