import { pageSizeInvalid, pageTokenInvalid } from '../errors.ts';

/** A page, and where the next one begins. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string;
}

/** What a client asks for. */
export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

const PAGE_SIZE_MAX = 1_000;

/**
 * Cuts a page out of items that are in order of name. A token names the last item before the page, so that a page stays
 * right when tools come and go between two requests. A page of all is the list itself.
 *
 * @throws {AppError} PAGE_TOKEN_INVALID or PAGE_SIZE_INVALID.
 */
export function cutPage<T extends { readonly name: string }>(all: readonly T[], request: PageRequest): Page<T> {
  if (request.pageSize > PAGE_SIZE_MAX) throw pageSizeInvalid(PAGE_SIZE_MAX);
  const after = parseToken(request.pageToken);
  const rest = after === undefined ? all : all.filter(({ name }) => name > after);
  const size = request.pageSize === 0 ? PAGE_SIZE_MAX : request.pageSize;
  const items = rest.length <= size ? rest : rest.slice(0, size);
  const last = items.at(-1);
  const hasMore = items.length < rest.length && last !== undefined;
  return { items, nextPageToken: hasMore ? Buffer.from(`after:${last.name}`).toString('base64url') : '' };
}

function parseToken(token: string): string | undefined {
  if (token === '') return undefined;
  const name = /^after:([A-Za-z0-9_.-]{1,128})$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (name === undefined) throw pageTokenInvalid();
  return name;
}
