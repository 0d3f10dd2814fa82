import { isAllowed, type Principal } from '@gantry/identity';

import type { Reader } from '../domain/ports.ts';

/** Returns what the domain needs to know of who asks. */
export function readerOf(principal: Principal): Reader {
  return {
    tenantId: principal.tenantId,
    mayRead: (uri) => isAllowed(principal, `resources/${uri}`, 'read'),
  };
}

/** Tells whether the principal may read everything a template stands for: all that begins with its literal part. */
export function mayUseTemplate(principal: Principal, uriTemplate: string): boolean {
  const [literal = ''] = uriTemplate.split('{', 1);
  return isAllowed(principal, `resources/${literal.replace(/\/+$/, '')}`, 'read');
}
