import type {
  ListResourcesResponse,
  ReadResourceResponse,
  Resource,
} from '@gantry/protocol/gantry/resource/v1/resource_service';

import { presentContent } from '../domain/content.ts';
import type { ResourcePage } from '../domain/list-resources.ts';
import type { ResourceFacts, StoredContent } from '../domain/ports.ts';
import type { ReadResourceOutcome } from '../domain/read-resource.ts';

/** Maps a page of resources. */
export function toListResourcesResponse({ resources, nextPageToken }: ResourcePage): ListResourcesResponse {
  return { resources: resources.map(toResource), nextPageToken };
}

/** Maps what was read. */
export function toReadResourceResponse({ uri, content, isFromCache }: ReadResourceOutcome): ReadResourceResponse {
  return {
    uri,
    mimeType: content.mimeType,
    content: toContent(content),
    version: content.version,
    fromCache: isFromCache,
    fetchedAt: new Date(content.fetchedAtMs),
  };
}

function toContent(stored: StoredContent): ReadResourceResponse['content'] {
  const content = presentContent(stored);
  return content.kind === 'text' ? { $case: 'text', value: content.text } : { $case: 'blob', value: content.bytes };
}

function toResource({ uri, name, title, description, mimeType, sizeBytes, updatedAtMs }: ResourceFacts): Resource {
  return {
    uri,
    name,
    title,
    description,
    mimeType,
    sizeBytes: BigInt(sizeBytes),
    updatedAt: updatedAtMs === undefined ? undefined : new Date(updatedAtMs),
  };
}
