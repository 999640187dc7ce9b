import { PRIVATE_ADDRESSES } from '../spec/private-addresses';
import { bareHost } from './bare-host';
import { BLOCKED_PORTS } from './blocked-ports';
import { TargetPolicy } from './target-policy';

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
    const strict = policy([], ['internal.example', '*.corp.example', 'BÜCHER.example']);
    const publicly = ['93.184.215.14'];

    for (const url of [
      'https://INTERNAL.example/',
      'https://internal.example./',
      'https://internal.example../',
      'https://int%65rnal.example/',
      'https://ｉnternal.example/',
      'https://a.b.corp.example/',
      'https://a.corp.example../',
      'https://bücher.example/',
      'https://xn--bcher-kva.example/',
    ]) {
      expect([url, refusal(policy(), url, publicly)]).toEqual([url, null]);
      expect([url, refusal(strict, url, publicly)]).toEqual([
        url,
        expect.stringMatching(/denied host/),
      ]);
    }
    expect(refusal(strict, 'https://corp.example/', publicly)).toBeNull();
    expect(refusal(strict, 'https://notinternal.example/', publicly)).toBeNull();
  });

  it('refuses denied addresses in every dress, though their network is allowed', () => {
    const everywhere = ['0.0.0.0/0', '::/0'];
    const strict = policy(everywhere, ['10.0.0.5', '10.1.0.0/16', '[fd00::5]', 'fd00:1::/32']);

    for (const address of [
      '10.0.0.5',
      '10.1.255.255',
      '::ffff:10.0.0.5',
      '64:ff9b::a00:5',
      'fd00::5',
      'fd00:0:0::0:5',
      'fd00:1:ffff::1',
    ]) {
      const url = 'https://name.example/';
      expect([address, refusal(policy(everywhere), url, [address])]).toEqual([address, null]);
      expect([address, refusal(strict, url, [address])]).toEqual([
        address,
        expect.stringMatching(/which is denied/),
      ]);
    }
    expect(() => strict.checkUrl('https://167772165/')).toThrow(/which is denied/);
    expect(refusal(strict, 'https://name.example/', ['10.0.0.6', 'fd00::6'])).toBeNull();
  });

  it('names every entry that is not a host', () => {
    const wrong = [
      'a b',
      '*',
      '*.',
      'https://x.example/',
      '10.0.0.0/33',
      '::ffff:10.0.0.0/104',
      'a.*.example',
      '-',
      '',
    ];

    expect(() => policy([], ['fine.example', ...wrong])).toThrow(wrong.join(', '));
  });

  it('names every entry that is not a network', () => {
    const wrong = [
      '010.0.0.0/8',
      '10/8',
      '10.0.0.0/33',
      'localhost',
      '::ffff:10.0.0.0/104',
      '64:ff9b::/96',
      '',
    ];

    expect(() => policy(['10.0.0.0/8', ...wrong])).toThrow(wrong.join(', '));
  });
});
