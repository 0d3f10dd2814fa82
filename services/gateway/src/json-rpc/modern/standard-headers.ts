import { acceptHeaderInvalid, headerMismatch } from '../../errors.ts';
import type { Call } from '../message.ts';
import { isObject } from '../parse-message.ts';
import { acceptsBoth } from './accept.ts';
import { decodeHeaderValue } from './header-value.ts';

/** The headers of a request by their names in lower case, white space around the values removed. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

const VERSION_HEADER = 'MCP-Protocol-Version';
const METHOD_HEADER = 'Mcp-Method';
const NAME_HEADER = 'Mcp-Name';

/** The parameter that `Mcp-Name` repeats, for the methods that have one. */
const nameParamByMethod: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
]);

/** Returns the version that the headers of a request name. */
export function versionHeaderOf(headers: RequestHeaders): string | undefined {
  return textOf(headers['mcp-protocol-version']);
}

/**
 * Checks that headers do not contradict the body: proxies decide by the headers what is served by the body.
 *
 * @throws {AppError} HEADER_MISMATCH.
 */
export function checkAgreement(headers: RequestHeaders, call: Call, version: string | undefined): void {
  const versionHeader = versionHeaderOf(headers);
  if (versionHeader !== undefined && version !== undefined && versionHeader !== version) {
    throw headerMismatch(VERSION_HEADER, 'must name the same version as params._meta');
  }
  const method = textOf(headers['mcp-method']);
  if (method !== undefined && method !== call.method) {
    throw headerMismatch(METHOD_HEADER, 'must name the same method as the body');
  }
}

/**
 * Checks that a request has every header it must have. That they agree with the body as far as they are there was checked.
 *
 * @throws {AppError} HEADER_MISMATCH, ACCEPT_HEADER_INVALID.
 */
export function checkPresence(headers: RequestHeaders, call: Call): void {
  if (versionHeaderOf(headers) === undefined) throw headerMismatch(VERSION_HEADER, 'is missing');
  if (headers['mcp-method'] === undefined) throw headerMismatch(METHOD_HEADER, 'is missing');
  const param = nameParamByMethod.get(call.method);
  if (param !== undefined)
    checkName(textOf(headers['mcp-name']), isObject(call.params) ? call.params[param] : undefined);
  if (!acceptsBoth(textOf(headers['accept']) ?? '')) throw acceptHeaderInvalid();
}

/** A body without a name is for its method to refuse, unless a header names something that is not there. */
function checkName(header: string | undefined, name: unknown): void {
  if (header === undefined) {
    if (typeof name === 'string') throw headerMismatch(NAME_HEADER, 'is missing');
    return;
  }
  const decoded = decodeHeaderValue(header);
  if (decoded === undefined) {
    throw headerMismatch(NAME_HEADER, 'must be visible ASCII, or UTF-8 written as =?base64?…?=');
  }
  if (decoded !== name) throw headerMismatch(NAME_HEADER, 'must name the same as the body');
}

function textOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}
