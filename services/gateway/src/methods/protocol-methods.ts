import { isLegacyVersion, LEGACY_VERSION_LATEST, PROTOCOL_VERSIONS } from '../json-rpc/dialect.ts';
import { BATCH_MESSAGES_MAX, BODY_BYTES_MAX, JSON_DEPTH_MAX } from '../json-rpc/parse-body.ts';
import { NATIVE_VERSION, SERVER_INFO } from '../server-info.ts';
import type { Method, Methods } from './method.ts';

/** What a model is told about this server. */
export const INSTRUCTIONS =
  'Gantry serves the tools, resources and documents of your organisation. Ask context_search or context_get for what ' +
  'its documents say, and cite the source_url of what you use.';

const FEATURES = [
  'context',
  'context.search',
  'tools',
  'resources',
  'resources.subscribe',
  'sessions',
  'documents',
  'keys',
  'policy',
  'audit',
  'batch',
  'notifications',
  'http',
  'websocket',
  'grpc',
] as const;

/** Notifications of MCP clients that nothing follows from. */
const heard: Method = { handle: () => '{}' };

/** Creates what negotiates and keeps a conversation. */
export function createProtocolMethods(contextItemsMax: number): Methods {
  const capabilities = JSON.stringify({
    version: NATIVE_VERSION,
    supported_features: FEATURES,
    extensions: {},
    protocol_versions: PROTOCOL_VERSIONS,
    server_info: SERVER_INFO,
    limits: {
      body_bytes: BODY_BYTES_MAX,
      batch_requests: BATCH_MESSAGES_MAX,
      json_depth: JSON_DEPTH_MAX,
      context_items: contextItemsMax,
    },
  });
  return {
    initialize: {
      handle(params, { connection }) {
        const requested = params.text('protocolVersion');
        return JSON.stringify({
          protocolVersion: isLegacyVersion(requested) ? requested : LEGACY_VERSION_LATEST,
          capabilities: { tools: {}, resources: connection === undefined ? {} : { subscribe: true } },
          serverInfo: SERVER_INFO,
          instructions: INSTRUCTIONS,
        });
      },
    },
    ping: heard,
    'protocol/capabilities': { handle: () => capabilities },
    'notifications/initialized': heard,
    'notifications/progress': heard,
    'notifications/roots/list_changed': heard,
    'notifications/cancelled': {
      handle(params, { connection }) {
        const requestId = params.optionalId('requestId');
        if (requestId !== undefined) connection?.cancel(JSON.stringify(requestId));
        return '{}';
      },
    },
  };
}
