import type { CallOptions } from '@gantry/rpc';

import type { ResourceClient } from '../clients/backends.ts';
import { backendBrokeContract, paramsInvalid } from '../errors.ts';
import { type Methods, needsSome } from './method.ts';
import { decodePollToken, encodePollToken } from './poll-token.ts';

/**
 * Creates subscribing to resources: pushed where the connection allows it, and elsewhere polled with a token that holds
 * all there is to know, so that any replica can answer.
 */
export function createSubscriptionMethods(resources: Pick<ResourceClient, 'watchResource'>): Methods {
  const permission = needsSome('resources', 'read');
  return {
    'resources/subscribe': {
      permission,
      targetParam: 'uri',
      async handle(params, call) {
        const uri = params.text('uri');
        if (call.connection !== undefined) {
          return JSON.stringify({ subscriptionId: await call.connection.subscribe(uri, call), uri, delivery: 'push' });
        }
        const version = await versionOf(resources, uri, call.options);
        return JSON.stringify({ subscriptionId: encodePollToken({ uri, version }), uri, delivery: 'poll' });
      },
    },
    'resources/changes': {
      permission,
      async handle(params, { options }) {
        const seen = decodePollToken(params.text('subscriptionId'));
        const version = await versionOf(resources, seen.uri, options);
        const subscriptionId = encodePollToken({ uri: seen.uri, version });
        return JSON.stringify({ changed: version !== seen.version, subscriptionId, uri: seen.uri });
      },
    },
    'resources/unsubscribe': {
      permission,
      targetParam: 'uri',
      handle(params, { connection }) {
        const idOrUri = params.optionalText('subscriptionId') ?? params.optionalText('uri');
        if (idOrUri === undefined) throw paramsInvalid('params.subscriptionId', 'or params.uri must be a string');
        connection?.unsubscribe(idOrUri);
        return '{}';
      },
    },
  };
}

/** Asks for the present version: the first thing a watch tells. */
async function versionOf(
  resources: Pick<ResourceClient, 'watchResource'>,
  uri: string,
  options: CallOptions,
): Promise<string> {
  for await (const { version } of resources.watchResource({ uri }, options)) return version;
  throw backendBrokeContract('resource', 'WatchResource ended before it told the version');
}
