import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = [Address, number];

/** RFC 6052: an IPv6-only host reaches all of IPv4 through this prefix. */
const NAT64 = network6('64:ff9b::/96');
/** The only part of IPv6 that IANA hands out as global unicast; outside it lie `::127.0.0.1` and the like. */
const GLOBAL_UNICAST = network6('2000::/3');
/** Looks public, but is the platform's own channel on every Azure machine: keys and configuration. */
const AZURE_PLATFORM = ipaddr.IPv4.parseCIDR('168.63.129.16/32');
/** ISATAP (RFC 5214): an IPv4 address after one of these in an IPv6 interface id is tunnelled to. */
const ISATAP_MARKS = [
  [0x0000, 0x5efe],
  [0x0200, 0x5efe],
] as const;

/** As resolvers print IPv4-compatible IPv6 addresses; ipaddr.js takes that for the mapped `::ffff:a.b.c.d`. */
const IPV4_COMPATIBLE = /^::(\d{1,3}(?:\.\d{1,3}){3})$/;

/**
 * The address that is really reached: IPv4 in its mapped (`::ffff:a.b.c.d`) and NAT64 (`64:ff9b::a.b.c.d`) dress
 * is unwrapped. Other tunnels (6to4, Teredo, ISATAP) are not: nothing is reached through them but by intent.
 */
export function parseAddress(text: string): Address {
  const compatible = IPV4_COMPATIBLE.exec(text)?.[1];
  if (compatible !== undefined) {
    return new ipaddr.IPv6([...Array(12).fill(0), ...ipaddr.IPv4.parse(compatible).octets]);
  }
  const address = ipaddr.process(text);
  if (address instanceof ipaddr.IPv6 && address.match(NAT64)) {
    return new ipaddr.IPv4(address.toByteArray().slice(-4));
  }
  return address;
}

/** Whether anybody on the internet may own it: not this machine, its networks, a tunnel, or a group. */
export function isPublicUnicast(address: Address): boolean {
  if (address.range() !== 'unicast') return false;
  if (address instanceof ipaddr.IPv4) return !address.match(AZURE_PLATFORM);
  return address.match(GLOBAL_UNICAST) && !isIsatap(address);
}

/** Networks that an operator has listed. */
export class NetworkSet {
  private constructor(private readonly networks: readonly Network[]) {}

  /** @throws Error that names every entry that is not a CIDR. A bare address counts as itself alone. */
  static parse(entries: readonly string[]): NetworkSet {
    const wrong = entries.filter((entry) => !isNetwork(entry));
    if (wrong.length > 0) {
      throw new Error(`Not a network in CIDR form (10.0.0.0/8, fd00::/8): ${wrong.join(', ')}`);
    }
    return new NetworkSet(entries.map((entry) => ipaddr.parseCIDR(withPrefixLength(entry))));
  }

  get isEmpty(): boolean {
    return this.networks.length === 0;
  }

  /** Whether `address`, as `parseAddress` gave it, lies in one of them. */
  contains(address: Address): boolean {
    return this.networks.some(
      ([base, bits]) => base.kind() === address.kind() && address.match(base, bits),
    );
  }
}

/** Strict about the address part: ipaddr.js alone would read 010.0.0.0/8 as octal and 10/8 as 0.0.0.10/8. */
export function isNetwork(entry: string): boolean {
  const [address = ''] = entry.split('/', 1);
  return (
    isIP(address) !== 0 && ipaddr.isValidCIDR(withPrefixLength(entry)) && !isDressedUp(address)
  );
}

function withPrefixLength(entry: string): string {
  return entry.includes('/') ? entry : `${entry}/${isIP(entry) === 6 ? 128 : 32}`;
}

/** Mapped and NAT64 addresses are compared as the IPv4 inside, so a network of them would never match. */
function isDressedUp(address: string): boolean {
  return ipaddr.parse(address).toString() !== parseAddress(address).toString();
}

function isIsatap(address: ipaddr.IPv6): boolean {
  return ISATAP_MARKS.some(([high, low]) => address.parts[4] === high && address.parts[5] === low);
}

function network6(cidr: string): [ipaddr.IPv6, number] {
  return ipaddr.IPv6.parseCIDR(cidr);
}
