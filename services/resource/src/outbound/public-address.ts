import ipaddr from 'ipaddr.js';

/**
 * Global unicast is all that IANA gave out of IPv6. Whatever lies outside is no public address, also what a library takes for
 * unicast because nobody has reserved it yet.
 */
const IPV6_GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Tells whether an IP address is public: not private, loopback, link-local, multicast, reserved, documentation or shared
 * address space, nor one that carries an IPv4 address inside (mapped, compatible, NAT64, 6to4, Teredo), since what
 * is inside may be any of those.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(IPV6_GLOBAL_UNICAST);
}
