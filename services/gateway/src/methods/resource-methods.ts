import type {
  ReadResourceResponse,
  Resource,
  ResourceTemplate,
} from '@gantry/protocol/gantry/resource/v1/resource_service';

import type { ResourceClient } from '../clients/backends.ts';
import { type Methods, needsSome } from './method.ts';

/** Creates reading and listing of `resources/*`. Whether the principal may read a resource is the resource service's to say. */
export function createResourceMethods(resources: ResourceClient): Methods {
  const permission = needsSome('resources', 'read');
  return {
    'resources/get': {
      permission,
      targetParam: 'uri',
      async handle(params, { options }) {
        const answer = await resources.readResource({ uri: params.text('uri'), bypassCache: false }, options);
        const contents = toContents(answer);
        return JSON.stringify({ ...contents, version: answer.version, contents: [contents] });
      },
    },
    'resources/read': {
      permission,
      targetParam: 'uri',
      async handle(params, { options }) {
        const answer = await resources.readResource({ uri: params.text('uri'), bypassCache: false }, options);
        return JSON.stringify({ contents: [toContents(answer)] });
      },
    },
    'resources/list': {
      permission,
      async handle(params, { options }) {
        const request = {
          pageSize: 0,
          pageToken: params.optionalText('cursor') ?? '',
          scheme: params.optionalText('type') ?? '',
        };
        const page = await resources.listResources(request, options);
        return JSON.stringify({
          resources: page.resources.map(toResource),
          nextCursor: page.nextPageToken || undefined,
        });
      },
    },
    'resources/templates/list': {
      permission,
      async handle(_params, { options }) {
        const { templates } = await resources.listResourceTemplates({}, options);
        return JSON.stringify({ resourceTemplates: templates.map(toTemplate) });
      },
    },
  };
}

function toContents({ uri, mimeType, content }: ReadResourceResponse) {
  const known = { uri, mimeType: mimeType || undefined };
  if (content?.$case === 'blob') return { ...known, blob: Buffer.from(content.value).toString('base64') };
  // An empty text is the default of the field, and may come as no content at all.
  return { ...known, text: content?.value ?? '' };
}

function toResource({ uri, name, title, description, mimeType, sizeBytes, updatedAt }: Resource) {
  return {
    uri,
    name,
    title: title || undefined,
    description: description || undefined,
    mimeType: mimeType || undefined,
    size: sizeBytes === 0n ? undefined : Number(sizeBytes),
    annotations: updatedAt === undefined ? undefined : { lastModified: updatedAt.toISOString() },
  };
}

function toTemplate({ uriTemplate, name, title, description, mimeType }: ResourceTemplate) {
  return {
    uriTemplate,
    name,
    title: title || undefined,
    description: description || undefined,
    mimeType: mimeType || undefined,
  };
}
