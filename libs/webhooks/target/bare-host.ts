/**
 * A host as it is compared and resolved: lower case, IPv6 without brackets, no trailing dots. A URL may
 * end in several of them; resolvers shrug at the last one, so all must go before a name is compared.
 */
export function bareHost(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.+$/, '');
}
