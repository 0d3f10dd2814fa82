import type { ResourceServiceDefinition } from '@gantry/protocol/gantry/resource/v1/resource_service';
import type { Handlers } from '@gantry/rpc';

import type { ConnectorRegistry } from '../domain/connector-registry.ts';
import { listResources } from '../domain/list-resources.ts';
import { readResource, type ReadResourceDeps } from '../domain/read-resource.ts';
import { watchResource, type WatchResourceDeps } from '../domain/watch-resource.ts';
import type { ResourceMetrics } from '../metrics.ts';
import { mayUseTemplate, readerOf } from './reader.ts';
import { toListResourcesResponse, toReadResourceResponse } from './to-proto.ts';

/** What the handlers need. */
export interface ResourceHandlersDeps extends ReadResourceDeps, WatchResourceDeps {
  readonly registry: ConnectorRegistry;
  readonly metrics: ResourceMetrics;
  /** Aborts when this replica drains, with the error that ends the watches. */
  readonly drainSignal: AbortSignal;
}

/** Creates the handlers of ResourceService. */
export function createResourceHandlers(deps: ResourceHandlersDeps): Handlers<ResourceServiceDefinition> {
  const { registry, metrics, drainSignal } = deps;
  return {
    async listResources(request, { principal, signal }) {
      return toListResourcesResponse(
        await listResources(registry, { ...request, reader: readerOf(principal) }, signal),
      );
    },
    async listResourceTemplates(_request, { principal }) {
      return { templates: registry.templates.filter(({ uriTemplate }) => mayUseTemplate(principal, uriTemplate)) };
    },
    async readResource(request, { principal, signal }) {
      const outcome = await readResource(deps, { ...request, reader: readerOf(principal) }, signal);
      metrics.countRead(outcome.connector, outcome.isFromCache ? 'cache' : 'source');
      return toReadResourceResponse(outcome);
    },
    watchResource: (request, { principal, signal }) =>
      watchResource(deps, { uri: request.uri, reader: readerOf(principal) }, AbortSignal.any([signal, drainSignal])),
  };
}
