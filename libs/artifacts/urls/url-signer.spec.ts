import { KEY, NEXT_KEY, signerOf, takenApart } from '../spec/url-lab';
import { ArtifactsSettings } from '../artifacts.options';
import type { UrlClaims } from './url-claims';
import { UrlSigner } from './url-signer';

const EXPIRES = 1_767_225_600_000;
const CLAIMS: UrlClaims = {
  method: 'GET',
  path: ['jobs', 'j1', 'artifacts', 'a b/c?.csv'],
  params: { expires: String(EXPIRES), sha256: 'ab+/ =&%' },
};

const sealOf = (url: string) => {
  const { key = '', signature = '' } = takenApart(url).query;
  return { key, signature };
};

describe('UrlSigner', () => {
  const signer = signerOf(KEY);
  const url = signer.sign(CLAIMS);
  const seal = sealOf(url);

  it('signs a URL that says what it claims, behind the prefix of the public url', () => {
    expect(url).toMatch(/^https:\/\/foreman\.test\/base\/signed\/jobs\/j1\/artifacts\//);
    const { path, query } = takenApart(url);
    expect(path).toEqual(CLAIMS.path);
    expect(query).toEqual({ ...CLAIMS.params, ...seal });
    expect(seal.signature).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('lets it pass up to the last millisecond, and names the expiry after', () => {
    expect(() => signer.check(CLAIMS, seal, EXPIRES - 1)).not.toThrow();
    for (const now of [EXPIRES, EXPIRES + 1]) {
      expect(() => signer.check(CLAIMS, seal, now)).toThrow(
        'This URL expired at 2026-01-01T00:00:00.000Z; ask for a new one.',
      );
    }
  });

  const forgeries: [string, UrlClaims, typeof seal][] = [
    ['another method', { ...CLAIMS, method: 'PUT' }, seal],
    ['another job', { ...CLAIMS, path: ['jobs', 'j2', 'artifacts', 'a b/c?.csv'] }, seal],
    ['another name', { ...CLAIMS, path: ['jobs', 'j1', 'artifacts', 'b'] }, seal],
    ['a later expiry', { ...CLAIMS, params: { ...CLAIMS.params, expires: '9'.repeat(13) } }, seal],
    [
      'the expiry with a zero',
      { ...CLAIMS, params: { ...CLAIMS.params, expires: `0${EXPIRES}` } },
      seal,
    ],
    ['other bytes', { ...CLAIMS, params: { ...CLAIMS.params, sha256: 'cd' } }, seal],
    ['a claim less', { ...CLAIMS, params: { expires: String(EXPIRES) } }, seal],
    ['a claim more', { ...CLAIMS, params: { ...CLAIMS.params, size: '1' } }, seal],
    ['no signature', CLAIMS, { ...seal, signature: '' }],
    ['half a signature', CLAIMS, { ...seal, signature: seal.signature.slice(0, 20) }],
    ['a longer signature', CLAIMS, { ...seal, signature: `${seal.signature}AA` }],
    ['a padded signature', CLAIMS, { ...seal, signature: `${seal.signature}=` }],
    ['an unknown key', CLAIMS, { ...seal, key: 'AAAAAAAA' }],
    ['no key', CLAIMS, { ...seal, key: '' }],
    ["another gateway's signature", CLAIMS, sealOf(signerOf(NEXT_KEY).sign(CLAIMS))],
    [
      "another gateway's, under this key's id",
      CLAIMS,
      { ...sealOf(signerOf(NEXT_KEY).sign(CLAIMS)), key: seal.key },
    ],
  ];
  // In time and out of time: that a forgery is out of date is not told.
  it.each(forgeries)('refuses %s, and does not say what is wrong', (_what, claims, forged) => {
    for (const now of [0, EXPIRES]) {
      expect(() => signer.check(claims, forged, now)).toThrow(
        expect.objectContaining({
          code: 'auth.forbidden',
          message: expect.stringContaining('not one that Foreman signed') as string,
        }),
      );
    }
  });

  it('refuses every single changed character of a signature', () => {
    for (let at = 0; at < seal.signature.length; at += 1) {
      const other = seal.signature[at] === 'A' ? 'B' : 'A';
      const signature = seal.signature.slice(0, at) + other + seal.signature.slice(at + 1);
      expect(() => signer.check(CLAIMS, { ...seal, signature }, 0)).toThrow(/not one that/);
    }
  });

  describe('after a rotation', () => {
    it('knows what the previous key signed, and signs with the present one', () => {
      const rotated = signerOf(NEXT_KEY, KEY);
      expect(() => rotated.check(CLAIMS, seal, 0)).not.toThrow();
      const fresh = sealOf(rotated.sign(CLAIMS));
      expect(fresh.key).not.toBe(seal.key);
      expect(() => signerOf(NEXT_KEY).check(CLAIMS, fresh, 0)).not.toThrow();
    });

    it('refuses what the previous key signed once that is dropped', () => {
      expect(() => signerOf(NEXT_KEY).check(CLAIMS, seal, 0)).toThrow(/not one that/);
    });

    it('does not try a key that the URL does not name', () => {
      const rotated = signerOf(NEXT_KEY, KEY);
      const { key } = sealOf(rotated.sign(CLAIMS));
      expect(() => rotated.check(CLAIMS, { ...seal, key }, 0)).toThrow(/not one that/);
    });
  });

  it('marks a lease token without showing it, by key', () => {
    const mark = signer.leaseMark('token');
    expect(mark).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect([signer.leaseMark('token'), signer.leaseMark('other')]).toEqual([
      mark,
      expect.not.stringMatching(mark),
    ]);
    const rotated = signerOf(NEXT_KEY, KEY);
    expect(rotated.leaseMark('token', seal.key)).toBe(mark);
    expect(rotated.leaseMark('token')).not.toBe(mark);
  });

  it('signs nothing without a key, and lets nothing pass', () => {
    const bare = new UrlSigner(new ArtifactsSettings({ publicUrl: 'https://foreman.test' }));
    expect(() => bare.sign(CLAIMS)).toThrow(/secretKey/);
    expect(() => bare.check(CLAIMS, seal, 0)).toThrow(/not one that/);
  });
});
