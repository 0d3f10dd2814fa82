import { PresentedCredential } from './presented-credential.ts';

/** What was shown last on a connection, for as long as it is open: most clients show the same with every request. */
const shownOn = new WeakMap<object, { readonly authorization: string; readonly credential: PresentedCredential }>();

/**
 * Returns the credential that a request shows, the same object as long as its connection shows the same.
 *
 * @param connection Whatever lives as long as the connection; undefined when nothing is known to.
 */
export function credentialShown(
  connection: object | undefined,
  authorization: string | undefined,
): PresentedCredential {
  if (connection === undefined || authorization === undefined) return new PresentedCredential(authorization);
  const shown = shownOn.get(connection);
  if (shown?.authorization === authorization) return shown.credential;
  const credential = new PresentedCredential(authorization);
  shownOn.set(connection, { authorization, credential });
  return credential;
}
