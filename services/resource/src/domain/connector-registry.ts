import { resourceSchemeUnknown, resourceUriInvalid } from '../errors.ts';
import type { Connector, ResourceTemplate } from './ports.ts';
import { parseResourceUri, schemeOf, URI_CHARACTERS_MAX } from './resource-uri.ts';

/** The connectors of this process, by name and by scheme. */
export interface ConnectorRegistry {
  /** In order of name. */
  readonly connectors: readonly Connector[];
  /** In order of template. */
  readonly templates: readonly ResourceTemplate[];
  /**
   * Finds the connector of a URI and the URI's one spelling.
   *
   * @throws {AppError} RESOURCE_URI_INVALID, RESOURCE_SCHEME_UNKNOWN.
   */
  resolve(uri: string): { readonly connector: Connector; readonly uri: string };
  /**
   * Returns the connectors that serve a scheme; all for the empty one.
   *
   * @throws {AppError} RESOURCE_SCHEME_UNKNOWN.
   */
  ofScheme(scheme: string): readonly Connector[];
}

/** Creates the registry; the connectors' schemes must not overlap. */
export function createConnectorRegistry(connectors: readonly Connector[]): ConnectorRegistry {
  const byScheme = new Map(connectors.flatMap((connector) => connector.schemes.map((scheme) => [scheme, connector])));
  const schemes = [...byScheme.keys()].toSorted();

  function connectorOf(scheme: string): Connector {
    const connector = byScheme.get(scheme);
    if (connector === undefined) throw resourceSchemeUnknown(scheme, schemes);
    return connector;
  }

  return {
    connectors: connectors.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    templates: connectors
      .flatMap(({ templates }) => templates)
      .toSorted((a, b) => (a.uriTemplate < b.uriTemplate ? -1 : 1)),
    resolve(uri) {
      const url = parseResourceUri(uri);
      const connector = connectorOf(schemeOf(url));
      const normalised = connector.normalise(url);
      if (normalised.length > URI_CHARACTERS_MAX) {
        throw resourceUriInvalid(`percent-encoded it is longer than ${URI_CHARACTERS_MAX} characters`);
      }
      return { connector, uri: normalised };
    },
    ofScheme: (scheme) => (scheme === '' ? connectors : [connectorOf(scheme)]),
  };
}
