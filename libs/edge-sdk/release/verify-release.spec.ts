import { ReleaseSigner } from '@foreman/testing';
import type { SignedRelease } from '@foreman/kernel';
import { verifyRelease } from './verify-release';

describe('verifyRelease', () => {
  const signer = new ReleaseSigner();
  const rotated = new ReleaseSigner();
  const trust = {
    publicKeys: [signer.publicKey, rotated.publicKey],
    agentVersion: '1.3.0',
    platform: 'linux-x64',
  };

  it('answers a release of a higher version for this platform, or for any', () => {
    const own = signer.sign({ platform: 'linux-x64' });
    expect(verifyRelease({ ...own, notes: 'dropped' }, trust)).toEqual(own);
    const any = rotated.sign({ platform: 'any', version: '1.3.1' });
    expect(verifyRelease(any, trust)).toEqual(any);
  });

  const good = signer.sign({ platform: 'linux-x64' });
  it.each<[string, string, unknown]>([
    ['nothing', 'malformed', null],
    ['text', 'malformed', 'upgrade'],
    ['an empty object', 'malformed', {}],
    ['a version that is a path', 'malformed', signer.sign({ version: '../../1.4.0' })],
    ['an address of a file', 'malformed', signer.sign({ url: 'file:///etc/passwd' })],
    ['a stranger', 'signature', new ReleaseSigner().sign()],
    ['another version than was signed', 'signature', { ...good, version: '1.5.0' }],
    ['another address than was signed', 'signature', { ...good, url: 'https://evil.example/' }],
    ['another size than was signed', 'signature', { ...good, size: 4 }],
    ['another digest than was signed', 'signature', { ...good, sha256: '0'.repeat(64) }],
    ['no signature', 'signature', { ...good, signature: undefined }],
    ['the version that runs', 'version', signer.sign({ version: '1.3.0' })],
    ['a lower version', 'version', signer.sign({ version: '1.2.9' })],
    ['a candidate of what runs', 'version', signer.sign({ version: '1.3.0-rc.1' })],
    ['another platform', 'platform', signer.sign({ platform: 'win32-x64' })],
  ])('refuses %s: %s', (_what, because, offered) => {
    expect(() => verifyRelease(offered, trust)).toThrow(expect.objectContaining({ because }));
  });

  it('believes nobody without keys', () => {
    const release: SignedRelease = signer.sign();
    expect(() => verifyRelease(release, { ...trust, publicKeys: [] })).toThrow(
      expect.objectContaining({ because: 'signature' }),
    );
  });
});
