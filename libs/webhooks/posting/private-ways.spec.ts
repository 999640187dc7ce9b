import { GUARD_ON, GuardLab, HARMLESS, refusalOf } from '../spec/guard-lab';
import { PRIVATE_ADDRESSES } from '../spec/private-addresses';

/** The target was reached without the guard; with it, it is refused before anything is dialled. */
const GUARDED = {
  withoutGuard: { statusCode: 204, arrived: 1, dials: 1 },
  withGuard: {
    refusal: expect.stringMatching(/not a public address/),
    arrived: 0,
    dials: 0,
  },
};

/**
 * Each test shows first that the target is reached when the guard is off, by a request that really arrives, and then
 * that with the guard on it is refused and nothing arrives.
 */
describe('the ways to write a private address', () => {
  let lab: GuardLab;

  beforeEach(async () => {
    lab = await GuardLab.open();
  });

  afterEach(async () => {
    await lab.close();
  });

  /** Ways to write a host that this machine's own sockets take to this machine. */
  it.each([
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '127.8.8.8',
    '127.255.255.254',
    '127.65537',
    '2130706433',
    '0x7f000001',
    '0X7F000001',
    '0x7f.1',
    '0x7f.0x0.0x0.0x1',
    '017700000001',
    '0177.1',
    '0177.0.0.01',
    '0x7f.0.00.01',
    '127.0.0.1.',
    '127.0.0.1%2e',
    '%31%32%37.0.0.1',
    '%31%32%37%2E0%2E0%2E1',
    '%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1',
    '１２７.０.０.１',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    '127．0．0．1',
    '127\u00AD.0.0.1',
    '127.0\t.0\n.1',
    '0',
    '00',
    '0x0',
    '0.0.0.0',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[0000:0000:0000:0000:0000:0000:0000:0001]',
    '[::0.0.0.1]',
    '[::ffff:127.0.0.1]',
    '[::FFFF:7F00:1]',
    '[0:0:0:0:0:ffff:127.0.0.1]',
    '[::]',
  ])('the host %j', async (host) => {
    expect(await lab.tryBoth({ url: lab.receiver.url(host) })).toEqual(GUARDED);
  });

  it.each([
    'localhost',
    'LOCALHOST',
    'localhost.',
    'localhost..',
    'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ',
    'ｌｏｃａｌｈｏｓｔ',
    'local\u00ADhost',
    '%6cocalhost',
    'api.localhost',
    'a.b.localhost.',
  ])('the name %j', async (host) => {
    expect(await lab.tryBoth({ url: lab.receiver.url(host) })).toEqual(GUARDED);
  });

  it.each([
    ['backslashes', (port: number) => `http:\\\\127.0.0.1:${port}\\hook`],
    ['no slashes', (port: number) => `http:127.0.0.1:${port}/hook`],
    ['too many slashes', (port: number) => `http:////127.0.0.1:${port}/hook`],
    ['blanks around', (port: number) => ` \t http://127.0.0.1:${port}/hook\n`],
    ['a line break in the scheme', (port: number) => `ht\r\ntp://127.0.0.1:${port}/hook`],
    ['capitals', (port: number) => `HTTP://127.0.0.1:${port}/hook`],
    ['an empty user', (port: number) => `http://@127.0.0.1:${port}/hook`],
    ['a public name in the path', (port: number) => `http://127.0.0.1:${port}\\@example.com/`],
    ['a public name in the fragment', (port: number) => `http://127.0.0.1:${port}#@example.com/`],
    ['a public name in the query', (port: number) => `http://127.0.0.1:${port}?@example.com/`],
  ])('a URL with %s', async (_what, urlAt) => {
    expect(await lab.tryBoth({ url: urlAt(lab.receiver.port) })).toEqual(GUARDED);
  });

  describe.each(PRIVATE_ADDRESSES)('%s: %s', (_what, address, allowed) => {
    const url = `http://${address.includes(':') ? `[${address}]` : address}/hook`;
    const name = 'http://name.example/hook';

    it('as a literal, though its network alone opens it', async () => {
      const { connector } = lab.network();
      const opened = await lab.post({
        url,
        connector,
        policy: { ...GUARD_ON, allowedNetworks: [allowed] },
      });
      expect(opened).toMatchObject({ statusCode: 204 });
      expect(refusalOf(await lab.post({ url, connector }))).toMatch(/not a public address/);
      expect(lab.receiver.posts).toHaveLength(1);
    });

    it('behind a name', async () => {
      const names = { 'name.example': [[address]] };
      expect(await lab.tryBoth({ url: name, names, connector: lab.network().connector })).toEqual(
        GUARDED,
      );
    });

    it('behind a name that has an allowed address first, which does not answer', async () => {
      const names = { 'name.example': [[HARMLESS, address]] };
      expect(
        await lab.tryBoth({
          url: name,
          names,
          connector: lab.network({ dead: [HARMLESS] }).connector,
        }),
      ).toEqual(GUARDED);
    });

    it('behind a name that has an allowed address too', async () => {
      const names = { 'name.example': [[address, HARMLESS]] };
      expect(await lab.tryBoth({ url: name, names, connector: lab.network().connector })).toEqual(
        GUARDED,
      );
    });
  });

  it.each(['::1%lo', 'fe80::1%eth0', 'fe80::7f00:1%1'])('a zone: %s', async (address) => {
    const names = { 'name.example': [[address]] };
    const { connector } = lab.network();
    expect(await lab.tryBoth({ url: 'http://name.example/', names, connector })).toEqual(GUARDED);
  });
});
