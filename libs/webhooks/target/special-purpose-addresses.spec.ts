import ipaddr from 'ipaddr.js';
import { isPublicUnicast, parseAddress } from './addresses';

/**
 * The IANA special-purpose address registries, entry by entry, with their column "Globally Reachable":
 * https://www.iana.org/assignments/iana-ipv4-special-registry and .../iana-ipv6-special-registry. `n/a` is theirs. An entry
 * that is reachable may be refused (no web server lives there); one that is not must be.
 */
const REGISTRY: readonly [block: string, name: string, reachable: 'yes' | 'no' | 'n/a'][] = [
  ['0.0.0.0/8', 'this network', 'no'],
  ['0.0.0.0/32', 'this host on this network', 'no'],
  ['10.0.0.0/8', 'private use', 'no'],
  ['100.64.0.0/10', 'shared address space', 'no'],
  ['127.0.0.0/8', 'loopback', 'no'],
  ['169.254.0.0/16', 'link local', 'no'],
  ['172.16.0.0/12', 'private use', 'no'],
  ['192.0.0.0/24', 'IETF protocol assignments', 'no'],
  ['192.0.0.0/29', 'IPv4 service continuity prefix', 'no'],
  ['192.0.0.8/32', 'IPv4 dummy address', 'no'],
  ['192.0.0.9/32', 'port control protocol anycast', 'yes'],
  ['192.0.0.10/32', 'traversal using relays around NAT anycast', 'yes'],
  ['192.0.0.170/32', 'NAT64/DNS64 discovery', 'no'],
  ['192.0.0.171/32', 'NAT64/DNS64 discovery', 'no'],
  ['192.0.2.0/24', 'documentation (TEST-NET-1)', 'no'],
  ['192.31.196.0/24', 'AS112-v4', 'yes'],
  ['192.52.193.0/24', 'AMT', 'yes'],
  ['192.88.99.0/24', 'deprecated (6to4 relay anycast)', 'n/a'],
  ['192.88.99.2/32', '6a44 relay anycast', 'no'],
  ['192.168.0.0/16', 'private use', 'no'],
  ['192.175.48.0/24', 'direct delegation AS112 service', 'yes'],
  ['198.18.0.0/15', 'benchmarking', 'no'],
  ['198.51.100.0/24', 'documentation (TEST-NET-2)', 'no'],
  ['203.0.113.0/24', 'documentation (TEST-NET-3)', 'no'],
  ['240.0.0.0/4', 'reserved', 'no'],
  ['255.255.255.255/32', 'limited broadcast', 'no'],
  ['::1/128', 'loopback address', 'no'],
  ['::/128', 'unspecified address', 'no'],
  ['64:ff9b:1::/48', 'IPv4-IPv6 translation, local', 'no'],
  ['100::/64', 'discard-only address block', 'no'],
  ['100:0:0:1::/64', 'dummy IPv6 prefix', 'no'],
  ['2001::/23', 'IETF protocol assignments', 'no'],
  ['2001::/32', 'TEREDO', 'n/a'],
  ['2001:1::1/128', 'port control protocol anycast', 'yes'],
  ['2001:1::2/128', 'traversal using relays around NAT anycast', 'yes'],
  ['2001:1::3/128', 'DNS-SD service registration protocol anycast', 'yes'],
  ['2001:2::/48', 'benchmarking', 'no'],
  ['2001:3::/32', 'AMT', 'yes'],
  ['2001:4:112::/48', 'AS112-v6', 'yes'],
  ['2001:10::/28', 'deprecated (previously ORCHID)', 'n/a'],
  ['2001:20::/28', 'ORCHIDv2', 'yes'],
  ['2001:30::/28', 'drone remote id protocol entity tags', 'yes'],
  ['2001:db8::/32', 'documentation', 'no'],
  ['2002::/16', '6to4', 'n/a'],
  ['2620:4f:8000::/48', 'direct delegation AS112 service', 'yes'],
  ['3fff::/20', 'documentation', 'no'],
  ['5f00::/16', 'segment routing (SRv6) SIDs', 'no'],
  ['fc00::/7', 'unique-local', 'no'],
  ['fe80::/10', 'link-local unicast', 'no'],
];
/** These hold IPv4 addresses, each of which is judged as such. */
const IPV4_INSIDE = ['::ffff:0:0/96', '64:ff9b::/96'];

/** Beside the registries: groups, and what was never handed out. */
const NOBODYS = [
  '224.0.0.0/4',
  'ff00::/8',
  'fec0::/10',
  '::/96',
  '4000::/2',
  '8000::/2',
  'e000::/4',
];

/** First, last, and one in the middle. */
function membersOf(block: string): string[] {
  const [base, prefix] = ipaddr.parseCIDR(block);
  const bytes = base.toByteArray();
  const first = bytes.map((byte, at) => byte & maskOf(prefix, at));
  const last = bytes.map((byte, at) => (byte & maskOf(prefix, at)) | (~maskOf(prefix, at) & 0xff));
  const middle = last.map((byte, at) => (byte & 0x55) | (first[at] ?? 0));
  return [first, middle, last].map((each) => ipaddr.fromByteArray(each).toString());
}

function maskOf(prefix: number, at: number): number {
  const bits = Math.min(8, Math.max(0, prefix - at * 8));
  return (0xff << (8 - bits)) & 0xff;
}

function isPublic(address: string): boolean {
  return isPublicUnicast(parseAddress(address));
}

describe('the special-purpose address registries', () => {
  it.each(REGISTRY.filter(([, , reachable]) => reachable !== 'yes'))(
    'no member of %s (%s) is public',
    (block) => {
      expect(membersOf(block).filter(isPublic)).toEqual([]);
    },
  );

  it.each(REGISTRY.filter(([, , reachable]) => reachable === 'yes'))(
    'no member of %s (%s) is public, though it may be reached',
    (block) => {
      expect(membersOf(block).filter(isPublic)).toEqual([]);
    },
  );

  it.each(NOBODYS)('no member of %s is public', (block) => {
    expect(membersOf(block).filter(isPublic)).toEqual([]);
  });

  it.each(IPV4_INSIDE)('%s is judged by the address inside', (block) => {
    const prefix = ipaddr.parseCIDR(block)[0].toByteArray().slice(0, 12);
    const around = (address: string) =>
      ipaddr.fromByteArray([...prefix, ...ipaddr.IPv4.parse(address).toByteArray()]).toString();
    const ipv4 = REGISTRY.filter(([each]) => !each.includes(':'));
    const members = ipv4.flatMap(([each]) => membersOf(each));

    expect(members.map((address) => around(address)).filter(isPublic)).toEqual([]);
    expect(isPublic(around('93.184.215.14'))).toBe(true);
  });

  it('IPv4-compatible addresses are not the IPv4 addresses inside, however a resolver prints them', () => {
    const printed = ['::127.0.0.1', '::8.8.8.8', '::7f00:1', '::808:808'];
    expect(printed.filter(isPublic)).toEqual([]);
    expect(parseAddress('::8.8.8.8').toString()).toBe('::808:808');
  });

  it('neighbours of private networks are public', () => {
    const neighbours = [
      ...['9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255'],
      ...['128.0.0.0', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0'],
      ...['192.0.1.0', '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0'],
      ...['223.255.255.255', '1.1.1.1', '8.8.8.8', '168.63.129.15'],
      ...['2000::1', '2001:200::1', '2003::1', '2606:4700:4700::1111', '2a00::1', '3ffe::1'],
    ];
    expect(neighbours.filter((address) => !isPublic(address))).toEqual([]);
  });
});
