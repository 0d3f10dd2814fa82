import { parseRedisUrl } from '@gantry/redis';
import { parseEnv } from '@gantry/runtime';
import { z } from 'zod';

const PORT_MAX = 65_535;
const CLUSTER_SECRET_CHARACTERS_MIN = 32;
const CONNECTIONS_MAX = 100_000;
const ALLOWED_ORIGINS_MAX = 100;
/** The RPC servers cap every unary call at two minutes. */
const REQUEST_TIMEOUT_SECONDS_MAX = 120;
/** ContextService answers with at most 50 items. */
const CONTEXT_ITEMS_MAX = 50;
const MS_PER_SECOND = 1_000;

const SECRET_EXPECTED = `expected a secret of at least ${CLUSTER_SECRET_CHARACTERS_MIN} characters, the same for all services`;

/** The environment of the gateway. */
export const envSchema = z.object({
  GATEWAY_HTTP_HOST: z.string().default('127.0.0.1').describe('Address that /mcp and /ws are served on.'),
  GATEWAY_HTTP_PORT: port(8_000).describe('Port of /mcp and /ws; 0 takes any free one.'),
  GATEWAY_GRPC_HOST: z.string().default('127.0.0.1').describe('Address the gRPC server listens on.'),
  GATEWAY_GRPC_PORT: port(50_051).describe('Port of the gRPC server; 0 takes any free one.'),
  GATEWAY_REUSE_PORT: z
    .stringbool()
    .default(false)
    .describe('Whether several gateways of one machine may share the HTTP port; the kernel spreads connections.'),
  GATEWAY_MAX_CONNECTIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(CONNECTIONS_MAX)
    .default(1_000)
    .describe('Open HTTP and WebSocket connections; further ones are closed at once.'),
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
    .describe('Origins of web pages that may call, separated by commas, besides this host and localhost.'),
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
  AUTH_ADDRESS: z.string().default('127.0.0.1:50055').describe('gRPC target of the auth service.'),
  CONTEXT_ADDRESS: z.string().default('127.0.0.1:50052').describe('gRPC target of the context service.'),
  TOOL_ADDRESS: z.string().default('127.0.0.1:50053').describe('gRPC target of the tool service.'),
  RESOURCE_ADDRESS: z.string().default('127.0.0.1:50054').describe('gRPC target of the resource service.'),
  REDIS_URL: z
    .string()
    .refine(isRedisUrl, 'expected a URL such as redis://localhost:6379')
    .optional()
    .describe('Redis, which makes replicas share rate limits. Without it each replica counts by itself.')
    .meta({ secret: true }),
  GANTRY_CLUSTER_SECRET: z
    .string({ error: SECRET_EXPECTED })
    .min(CLUSTER_SECRET_CHARACTERS_MIN, { error: SECRET_EXPECTED })
    .describe('The secret that all services of the cluster share, at least 32 characters.')
    .meta({ secret: true }),
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
  readonly grpc: { readonly host: string; readonly port: number };
  readonly requestTimeoutMs: number;
  readonly contextItemsMax: number;
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
  return Object.freeze({
    http: {
      host: parsed.GATEWAY_HTTP_HOST,
      port: parsed.GATEWAY_HTTP_PORT,
      reusePort: parsed.GATEWAY_REUSE_PORT,
      connectionsMax: parsed.GATEWAY_MAX_CONNECTIONS,
      allowedOrigins: parsed.GATEWAY_ALLOWED_ORIGINS,
    },
    grpc: { host: parsed.GATEWAY_GRPC_HOST, port: parsed.GATEWAY_GRPC_PORT },
    requestTimeoutMs: parsed.GATEWAY_REQUEST_TIMEOUT_SECONDS * MS_PER_SECOND,
    contextItemsMax: parsed.GATEWAY_MAX_CONTEXT_ITEMS,
    authAddress: parsed.AUTH_ADDRESS,
    contextAddress: parsed.CONTEXT_ADDRESS,
    toolAddress: parsed.TOOL_ADDRESS,
    resourceAddress: parsed.RESOURCE_ADDRESS,
    redisUrl: parsed.REDIS_URL,
    clusterSecret: new TextEncoder().encode(parsed.GANTRY_CLUSTER_SECRET),
  });
}

function port(defaultPort: number) {
  return z.coerce.number().int().min(0).max(PORT_MAX).default(defaultPort);
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
