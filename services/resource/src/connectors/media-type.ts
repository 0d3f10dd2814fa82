import { extname } from 'node:path';

import mimeTypes from 'mime-types';

import { decodeUtf8 } from '../domain/content.ts';

/** The registry gives these extensions to video and the like; in a folder of documents they are source code. */
const SOURCE_CODE_TYPES: Readonly<Record<string, string>> = {
  '.ts': 'text/x-typescript',
  '.mts': 'text/x-typescript',
  '.cts': 'text/x-typescript',
  '.tsx': 'text/x-typescript',
  '.rs': 'text/x-rust',
  '.go': 'text/x-go',
  '.py': 'text/x-python',
  '.rb': 'text/x-ruby',
  '.jsonl': 'application/jsonl',
};

/** Returns the media type a file name promises; empty when it promises none. */
export function mediaTypeOfName(name: string): string {
  return SOURCE_CODE_TYPES[extname(name).toLowerCase()] ?? (mimeTypes.lookup(name) || '');
}

/** Returns the media type of a file, by its name or, when that says nothing, by whether its bytes are text. */
export function mediaTypeOfFile(name: string, bytes: Uint8Array): string {
  const promised = mediaTypeOfName(name);
  if (promised !== '') return promised;
  const text = decodeUtf8(bytes);
  return text === undefined || text.includes('\0') ? 'application/octet-stream' : 'text/plain';
}
