import { BLOCKED_PORTS } from './blocked-ports';
import { bareHost, TargetPolicy } from './target-policy';

function policy(allowedNetworks: string[] = [], deniedHosts: string[] = []): TargetPolicy {
  return new TargetPolicy({ allowedNetworks, deniedPorts: BLOCKED_PORTS, deniedHosts });
}

/** What the policy says of a URL whose name resolves to `addresses`. */
function refusal(of: TargetPolicy, url: string, addresses?: string[]): string | null {
  try {
    const parsed = of.checkUrl(url);
    of.checkAddresses(parsed, addresses ?? [bareHost(parsed.hostname)]);
    return null;
  } catch (error) {
    expect(error).toMatchObject({ code: 'webhook.target_refused' });
    return (error as Error).message;
  }
}

/** Address, and a network that lets it through: that is the guard taken away. */
const PRIVATE_ADDRESSES = [
  ['this network', '0.1.2.3', '0.0.0.0/8'],
  ['private 10', '10.0.0.1', '10.0.0.0/8'],
  ['private 172', '172.16.0.1', '172.16.0.0/12'],
  ['private 172, its end', '172.31.255.255', '172.16.0.0/12'],
  ['private 192', '192.168.1.1', '192.168.0.0/16'],
  ['carrier grade NAT', '100.64.0.1', '100.64.0.0/10'],
  ["Alibaba's metadata", '100.100.100.200', '100.64.0.0/10'],
  ['cloud metadata', '169.254.169.254', '169.254.0.0/16'],
  ["Azure's platform channel", '168.63.129.16', '168.63.129.16'],
  ["Oracle's metadata", '192.0.0.192', '192.0.0.0/24'],
  ['documentation', '192.0.2.1', '192.0.2.0/24'],
  ['6to4 relay', '192.88.99.1', '192.88.99.0/24'],
  ['benchmarking', '198.18.0.1', '198.18.0.0/15'],
  ['multicast', '224.0.0.1', '224.0.0.0/4'],
  ['reserved', '240.0.0.1', '240.0.0.0/4'],
  ['broadcast', '255.255.255.255', '255.255.255.255'],
  ['mapped private', '::ffff:10.0.0.1', '10.0.0.0/8'],
  ['mapped private in hex', '::ffff:a00:1', '10.0.0.0/8'],
  ['mapped metadata', '::ffff:169.254.169.254', '169.254.0.0/16'],
  ['NAT64 loopback', '64:ff9b::127.0.0.1', '127.0.0.0/8'],
  ['NAT64 private', '64:ff9b::a00:1', '10.0.0.0/8'],
  ['NAT64 metadata', '64:ff9b::169.254.169.254', '169.254.0.0/16'],
  ['local NAT64', '64:ff9b:1::a00:1', '64:ff9b:1::/48'],
  ['IPv4-compatible loopback', '::7f00:1', '::/96'],
  ['IPv4-translated loopback', '::ffff:0:7f00:1', '::ffff:0:0:0/96'],
  ['6to4 loopback', '2002:7f00:1::', '2002::/16'],
  ['6to4 private', '2002:a00:1::1', '2002::/16'],
  ['Teredo', '2001:0:7f00:1::1', '2001::/32'],
  ['protocol assignments', '2001:1::1', '2001::/23'],
  ['ORCHID', '2001:20::1', '2001:20::/28'],
  ['ISATAP private', '2606:4700::5efe:a00:1', '2606:4700::/32'],
  ['ISATAP private, universal', '2606:4700::200:5efe:a00:1', '2606:4700::/32'],
  ['unique local', 'fd00:ec2::254', 'fc00::/7'],
  ['link local', 'fe80::1', 'fe80::/10'],
  ['site local', 'fec0::1', 'fec0::/10'],
  ['IPv6 multicast', 'ff02::1', 'ff00::/8'],
  ['discard', '100::1', '100::/64'],
  ['documentation in IPv6', '2001:db8::1', '2001:db8::/32'],
  ['new documentation in IPv6', '3fff::1', '3fff::/20'],
  ['segment routing', '5f00::1', '5f00::/16'],
  ['never handed out', '4000::1', '4000::/3'],
] as const;

describe('TargetPolicy', () => {
  it.each(PRIVATE_ADDRESSES)(
    'refuses %s: %s, as a literal and behind a name',
    (_what, address, network) => {
      const literal = address.includes(':') ? `https://[${address}]/` : `https://${address}/`;
      const open = policy([network]);

      expect(refusal(open, literal)).toBeNull();
      expect(refusal(open, 'https://name.example/', [address])).toBeNull();
      expect(refusal(policy(), literal)).toMatch(/not a public address/);
      expect(refusal(policy(), 'https://name.example/', [address])).toMatch(/not a public address/);
      expect(refusal(policy(), 'https://name.example/', ['93.184.215.14', address])).toMatch(
        /not a public address/,
      );
    },
  );

  it.each([
    'https://93.184.215.14/hook',
    'https://[2606:4700::6810:84e5]/hook',
    'https://[64:ff9b::5db8:d70e]/hook',
    'https://example.com:8443/hook?token=a#b',
  ])('lets %s through', (url) => {
    expect(
      refusal(policy(), url, url.includes('example.com') ? ['93.184.215.14'] : undefined),
    ).toBeNull();
  });

  it.each([
    ['not a URL', 'example.com/hook'],
    ['another scheme', 'ftp://example.com/'],
    ['a file', 'file:///etc/passwd'],
    ['a script', 'javascript:alert(1)'],
    ['http where nothing is allowed', 'http://example.com/'],
    ['a user name', 'https://user@example.com/'],
    ['a password', 'https://:secret@example.com/'],
    ['SMTP', 'https://example.com:25/'],
    ['port 0', 'https://example.com:0/'],
    ['too long a URL', `https://example.com/${'a'.repeat(2048)}`],
    ['localhost', 'https://localhost/'],
    ['localhost with a dot', 'https://localhost./'],
    ['a name under localhost', 'https://api.LOCALHOST/'],
    ['a literal private address', 'https://10.0.0.1/'],
  ])('is certain at submission about %s', (_what, url) => {
    expect(() => policy().checkUrl(url)).toThrow(
      expect.objectContaining({ code: 'webhook.target_refused' }),
    );
  });

  it('takes http in an allowed network only, for names too', () => {
    const open = policy(['10.0.0.0/8']);

    expect(refusal(open, 'http://10.1.2.3/')).toBeNull();
    expect(refusal(open, 'http://name.example/', ['10.1.2.3'])).toBeNull();
    expect(refusal(open, 'http://93.184.215.14/')).toMatch(/must be https/);
    expect(refusal(open, 'http://name.example/', ['10.1.2.3', '93.184.215.14'])).toMatch(
      /must be https/,
    );
  });

  it('never repeats a password', () => {
    expect(refusal(policy(), 'https://user:hunter2@example.com/')).not.toContain('hunter2');
  });

  it('refuses denied hosts, exact and by suffix, however they are written', () => {
    const strict = policy([], ['internal.example', '*.corp.example']);

    expect(refusal(strict, 'https://INTERNAL.example./', ['93.184.215.14'])).toMatch(/denied host/);
    expect(refusal(strict, 'https://a.b.corp.example/', ['93.184.215.14'])).toMatch(/denied host/);
    expect(refusal(strict, 'https://corp.example/', ['93.184.215.14'])).toBeNull();
  });

  it('names every entry that is not a network', () => {
    const wrong = ['010.0.0.0/8', '10/8', '10.0.0.0/33', 'localhost', '::ffff:10.0.0.0/104', ''];

    expect(() => policy(['10.0.0.0/8', ...wrong])).toThrow(wrong.join(', '));
  });
});
