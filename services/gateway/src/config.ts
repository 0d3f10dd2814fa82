import { parseRedisUrl } from '@gantry/redis';
import {
  addressSetting,
  ConfigError,
  clusterSecretSetting,
  grpcPortSetting,
  hostSetting,
  parseEnv,
  portSetting,
} from '@gantry/runtime';
import { z } from 'zod';

const CONNECTIONS_MAX = 100_000;
const ALLOWED_ORIGINS_MAX = 100;
/** The RPC servers cap every unary call at two minutes. */
const REQUEST_TIMEOUT_SECONDS_MAX = 120;
/** ContextService answers with at most 50 items. */
const CONTEXT_ITEMS_MAX = 50;
const MS_PER_SECOND = 1_000;

/** The environment of the gateway. */
export const envSchema = z.object({
  GATEWAY_HTTP_HOST: hostSetting('Address that /mcp and /ws are served on.'),
  GATEWAY_HTTP_PORT: portSetting(8_000, 'Port of /mcp and /ws; 0 takes any free one.'),
  GATEWAY_GRPC_HOST: hostSetting(),
  GATEWAY_GRPC_PORT: grpcPortSetting('gateway'),
  GATEWAY_REUSE_PORT: z
    .stringbool()
    .default(false)
    .describe(
      'Whether several gateways of one machine may share the HTTP and gRPC ports; the kernel spreads connections.',
    ),
  GATEWAY_MAX_CONNECTIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(CONNECTIONS_MAX)
    .default(1_000)
    .describe('Open HTTP and WebSocket connections, and as many of gRPC; further ones are closed at once.'),
  GATEWAY_ALLOWED_ORIGINS: z
    .string()
    .default('')
    .transform(listOf)
    .pipe(
      z
        .array(
          z
            .string()
            .regex(/^https?:\/\/[^\s/]+$/, { error: 'every entry must be an origin such as https://a.example' }),
        )
        .max(ALLOWED_ORIGINS_MAX),
    )
    .describe(
      'Origins of web pages that may call, separated by commas, besides localhost. A gateway on a loopback address goes by their host names too.',
    ),
  GATEWAY_REQUEST_TIMEOUT_SECONDS: z.coerce
    .number()
    .positive()
    .max(REQUEST_TIMEOUT_SECONDS_MAX)
    .default(30)
    .describe('How long one request may take.'),
  GATEWAY_MAX_CONTEXT_ITEMS: z.coerce
    .number()
    .int()
    .min(1)
    .max(CONTEXT_ITEMS_MAX)
    .default(CONTEXT_ITEMS_MAX)
    .describe('The most items one context/get or context/search may ask for.'),
  GATEWAY_AUDIT_MODE: z
    .enum(['async', 'strict'])
    .default('async')
    .describe(
      'Whether answers wait until their audit event is durable (strict) or not (async). In strict mode nothing is executed while the audit log cannot be written.',
    ),
  GATEWAY_ACCESS_LOG_RATIO: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(0.01)
    .describe('Share of requests that is logged at level info, from 0 to 1; at level debug all of them are.'),
  AUTH_ADDRESS: addressSetting('auth'),
  CONTEXT_ADDRESS: addressSetting('context'),
  TOOL_ADDRESS: addressSetting('tool'),
  RESOURCE_ADDRESS: addressSetting('resource'),
  REDIS_URL: z
    .string()
    .refine(isRedisUrl, 'expected a URL such as redis://localhost:6379')
    .optional()
    .describe('Redis, which makes replicas share rate limits. Without it each replica counts by itself.')
    .meta({ secret: true }),
  GANTRY_CLUSTER_SECRET: clusterSecretSetting(),
});

/** The settings of the gateway. */
export interface Config {
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly reusePort: boolean;
    readonly connectionsMax: number;
    readonly allowedOrigins: readonly string[];
  };
  readonly grpc: {
    readonly host: string;
    readonly port: number;
    readonly reusePort: boolean;
    readonly connectionsMax: number;
  };
  readonly requestTimeoutMs: number;
  readonly accessLogRatio: number;
  readonly contextItemsMax: number;
  readonly auditMode: 'async' | 'strict';
  readonly authAddress: string;
  readonly contextAddress: string;
  readonly toolAddress: string;
  readonly resourceAddress: string;
  readonly redisUrl: string | undefined;
  readonly clusterSecret: Uint8Array;
}

/**
 * Parses the environment of the gateway.
 *
 * @throws {ConfigError} listing all problems at once.
 */
export function parseConfig(env: NodeJS.ProcessEnv): Config {
  const parsed = parseEnv(envSchema, env);
  requireTwoPorts(parsed);
  return Object.freeze({
    http: {
      host: parsed.GATEWAY_HTTP_HOST,
      port: parsed.GATEWAY_HTTP_PORT,
      reusePort: parsed.GATEWAY_REUSE_PORT,
      connectionsMax: parsed.GATEWAY_MAX_CONNECTIONS,
      allowedOrigins: parsed.GATEWAY_ALLOWED_ORIGINS,
    },
    grpc: {
      host: parsed.GATEWAY_GRPC_HOST,
      port: parsed.GATEWAY_GRPC_PORT,
      reusePort: parsed.GATEWAY_REUSE_PORT,
      connectionsMax: parsed.GATEWAY_MAX_CONNECTIONS,
    },
    requestTimeoutMs: parsed.GATEWAY_REQUEST_TIMEOUT_SECONDS * MS_PER_SECOND,
    accessLogRatio: parsed.GATEWAY_ACCESS_LOG_RATIO,
    contextItemsMax: parsed.GATEWAY_MAX_CONTEXT_ITEMS,
    auditMode: parsed.GATEWAY_AUDIT_MODE,
    authAddress: parsed.AUTH_ADDRESS,
    contextAddress: parsed.CONTEXT_ADDRESS,
    toolAddress: parsed.TOOL_ADDRESS,
    resourceAddress: parsed.RESOURCE_ADDRESS,
    redisUrl: parsed.REDIS_URL,
    clusterSecret: new TextEncoder().encode(parsed.GANTRY_CLUSTER_SECRET),
  });
}

/** Two servers that share one port, as replicas may, would each get some of the other's clients. */
function requireTwoPorts({
  GATEWAY_HTTP_PORT,
  GATEWAY_GRPC_PORT,
}: Pick<z.output<typeof envSchema>, 'GATEWAY_HTTP_PORT' | 'GATEWAY_GRPC_PORT'>) {
  if (GATEWAY_HTTP_PORT === 0 || GATEWAY_HTTP_PORT !== GATEWAY_GRPC_PORT) return;
  const problem = `GATEWAY_HTTP_PORT and GATEWAY_GRPC_PORT are both ${GATEWAY_HTTP_PORT}; choose two ports`;
  throw new ConfigError([problem]);
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function isRedisUrl(url: string): boolean {
  try {
    parseRedisUrl(url);
    return true;
  } catch {
    return false;
  }
}
