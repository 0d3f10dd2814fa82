import { requirePermission } from '@gantry/identity';
import { ConnectorServiceDefinition } from '@gantry/protocol/gantry/resource/v1/connector_service';
import { type Handlers, unimplemented } from '@gantry/rpc';

import type { ConnectorRegistry } from '../domain/connector-registry.ts';

/** Creates the handlers of ConnectorService: connectors come with the service and cannot be changed yet. */
export function createConnectorHandlers(registry: ConnectorRegistry): Handlers<ConnectorServiceDefinition> {
  return {
    ...unimplemented(ConnectorServiceDefinition),
    async listConnectors(_request, { principal }) {
      requirePermission(principal, 'resources', 'read');
      return {
        connectors: registry.connectors.map(({ name, schemes, description }) => ({ name, schemes, description })),
      };
    },
  };
}
