import { ReleaseSigner } from '@foreman/testing';
import { isNewerVersion, manifestFindings } from './release-manifest';
import {
  isReleasePublicKey,
  releaseKeyId,
  releaseSigningBytes,
  signerOf,
} from './release-signature';

/** RFC 8032, 7.1, test 1. */
const SEED = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
const PUBLIC_KEY = '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';

/** The vector of docs/protocol.md, made with node:crypto alone. */
const VECTOR = {
  version: '1.4.0',
  channel: 'stable',
  platform: 'linux-x64',
  url: 'https://downloads.example/agent-1.4.0.tgz',
  size: 3,
  sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  signature:
    '6wM9j7dBrcWmJGALmAf7VNtnBzSCvoS0d6s1QPrVoAx42kjcAmfFyOJWFj2zCfIRJSx56saBMEsn0ASWCUg2Bg==',
};

describe('the signature of a release', () => {
  const other = new ReleaseSigner();

  it('covers the six fields as JSON with sorted keys, and nothing else', () => {
    const { size, sha256, ...rest } = VECTOR;
    const shuffled = { sha256, notes: 'not signed', ...rest, size };
    expect(releaseSigningBytes(shuffled).toString()).toBe(
      '{"channel":"stable","platform":"linux-x64","sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","size":3,"url":"https://downloads.example/agent-1.4.0.tgz","version":"1.4.0"}',
    );
  });

  it('is the fixed vector, with the key in either alphabet, and among several', () => {
    const urlSafe = PUBLIC_KEY.replaceAll('/', '_').replace('=', '');
    expect(signerOf(VECTOR, [PUBLIC_KEY])).toBe(PUBLIC_KEY);
    expect(signerOf(VECTOR, [other.publicKey, urlSafe])).toBe(urlSafe);
    expect(releaseKeyId(urlSafe)).toBe(releaseKeyId(PUBLIC_KEY));
    expect(new ReleaseSigner(SEED).sign(VECTOR)).toEqual(VECTOR);
  });

  it('does not hold for another key, or for none', () => {
    expect(signerOf(VECTOR, [other.publicKey])).toBeNull();
    expect(signerOf(VECTOR, [])).toBeNull();
  });

  it.each([
    ['version', '1.4.1'],
    ['channel', 'beta'],
    ['platform', 'any'],
    ['url', 'https://downloads.example/agent-1.4.1.tgz'],
    ['size', 4],
    ['sha256', '0'.repeat(64)],
    ['signature', new ReleaseSigner().sign().signature],
    ['signature', ''],
    ['signature', VECTOR.signature.slice(0, -4)],
    ['signature', ` ${VECTOR.signature}`],
  ])('does not hold when the %s is %s', (field, value) => {
    expect(signerOf({ ...VECTOR, [field]: value }, [PUBLIC_KEY])).toBeNull();
  });

  it('knows a public key when it sees one', () => {
    expect(isReleasePublicKey(PUBLIC_KEY)).toBe(true);
    expect([PUBLIC_KEY.slice(1), `${PUBLIC_KEY}=`, ''].map(isReleasePublicKey)).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('a manifest', () => {
  it('is fine as it is', () => {
    expect(manifestFindings(VECTOR)).toEqual([]);
    expect(manifestFindings({ ...VECTOR, version: '2.0.0-rc.1' })).toEqual([]);
  });

  it.each([
    ['version', 'v1.4.0'],
    ['version', '1.4'],
    ['version', '1.4.0+build.7'],
    ['version', ' 1.4.0'],
    ['version', `1.4.0-${'x'.repeat(100)}`],
    ['version', 7],
    ['channel', ''],
    ['channel', 'a b'],
    ['channel', 'x'.repeat(101)],
    ['platform', '../etc'],
    ['url', 'ftp://downloads.example/a'],
    ['url', 'downloads.example/a'],
    ['url', 'https://user:secret@downloads.example/a'],
    ['url', 'https://downloads.example/a#b'],
    ['url', 'https://downloads.example/a b'],
    ['url', 'https://downloads.example/ü'],
    ['url', 'https://DOWNLOADS.example/a'],
    ['url', 'https://downloads.example/a?b=\\'],
    ['url', `https://downloads.example/${'x'.repeat(2000)}`],
    ['url', undefined],
    ['size', 0],
    ['size', 1.5],
    ['size', '3'],
    ['size', 5 * 1024 ** 3],
    ['sha256', 'BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD'],
    ['sha256', 'ba78'],
  ])('is refused with the %s %p', (path, value) => {
    const findings = manifestFindings({ ...VECTOR, [path]: value });
    expect(findings.map((finding) => finding.path)).toEqual([path]);
  });

  it('is newer by precedence, not by spelling', () => {
    expect(isNewerVersion('1.10.0', '1.9.9')).toBe(true);
    expect(isNewerVersion('1.4.0', '1.4.0-rc.1')).toBe(true);
    expect(isNewerVersion('1.4.0', '1.4.0')).toBe(false);
    expect(isNewerVersion('1.3.0', '1.4.0')).toBe(false);
    expect(isNewerVersion('1.4.0', 'nightly')).toBe(false);
  });
});
