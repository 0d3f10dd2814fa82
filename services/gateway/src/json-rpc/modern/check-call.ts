import { envelopeInvalid, methodNotFound, protocolVersionUnsupported, requestInvalid } from '../../errors.ts';
import { isModernVersion, LEGACY_VERSIONS, MODERN_VERSIONS } from '../dialect.ts';
import type { Call } from '../message.ts';
import { checkEnvelope, claimOf, VERSION_KEY } from './envelope.ts';
import { checkAgreement, checkPresence, type RequestHeaders, versionHeaderOf } from './standard-headers.ts';

/** The methods that have no answer. */
const NOTIFICATION_PREFIX = 'notifications/';

/**
 * Checks a message of the modern dialect as far as it can be without its method, in the order in which the revision says
 * what to answer when several things are wrong: envelope, agreement of header and body, version, headers that are missing.
 * Without headers, as on a WebSocket, the dialect is not spoken.
 *
 * `Mcp-Param-*` headers are not compared: which there are is said by the schema of the tool, which is the tool service's.
 *
 * @throws {AppError} REQUEST_INVALID, ENVELOPE_INVALID, HEADER_MISMATCH, PROTOCOL_VERSION_UNSUPPORTED,
 *   ACCEPT_HEADER_INVALID, METHOD_NOT_FOUND.
 */
export function checkModernCall(call: Call, headers: RequestHeaders | undefined): void {
  if (headers === undefined) throw protocolVersionUnsupported(checkClaim(call) ?? '', LEGACY_VERSIONS);
  if (call.idText === undefined) return checkNotification(call, headers);
  if (call.idText === 'null') throw requestInvalid('id must be a string or a number');
  const version = checkEnvelope(call.params);
  checkAgreement(headers, call, version);
  checkVersion(version);
  checkPresence(headers, call);
  if (call.method.startsWith(NOTIFICATION_PREFIX)) throw methodNotFound(call.method);
}

/** A notification need not say who it comes from, nor have the headers of a request; what it has must be right. */
function checkNotification(call: Call, headers: RequestHeaders): void {
  const claim = checkClaim(call);
  checkAgreement(headers, call, claim);
  checkVersion(claim ?? versionHeaderOf(headers) ?? '');
  // What is not compared with its headers is not executed.
  if (!call.method.startsWith(NOTIFICATION_PREFIX)) throw requestInvalid('a request has an id');
}

function checkClaim(call: Call): string | undefined {
  const claim = claimOf(call.params);
  if (claim === undefined || typeof claim === 'string') return claim;
  throw envelopeInvalid(VERSION_KEY, 'must be a string');
}

function checkVersion(version: string): void {
  if (!isModernVersion(version)) throw protocolVersionUnsupported(version, MODERN_VERSIONS);
}
