import { type KeyObject, createHash, createPublicKey, verify } from 'node:crypto';
import { canonicalJson } from './canonical-json';
import type { ReleaseManifest, SignedRelease } from './release-manifest';

const SIGNATURE = /^[A-Za-z0-9+/]{86}==$/;
const PUBLIC_KEY_BYTES = 32;
const KEY_ID_CHARS = 16;

/**
 * The bytes that a release's signature covers: the six fields of the manifest as JSON with sorted keys and
 * without blanks, in UTF-8 (docs/protocol.md, "Releases"). Whatever else an object carries does not count.
 */
export function releaseSigningBytes(manifest: ReleaseManifest): Buffer {
  const { version, channel, platform, url, size, sha256 } = manifest;
  return Buffer.from(canonicalJson({ version, channel, platform, url, size, sha256 }), 'utf8');
}

/** Whether this is an Ed25519 public key: its 32 raw bytes in base64 or base64url. */
export function isReleasePublicKey(text: string): boolean {
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(text);
}

/** Which of these public keys has signed the release; null when none has. Several: while keys are rotated. */
export function signerOf(release: SignedRelease, publicKeys: readonly string[]): string | null {
  if (typeof release.signature !== 'string' || !SIGNATURE.test(release.signature)) return null;
  const bytes = releaseSigningBytes(release);
  const signature = Buffer.from(release.signature, 'base64');
  const signer = publicKeys.find((key) => verify(null, bytes, keyObject(key), signature));
  return signer ?? null;
}

/** A short name of a public key, for people who compare: the beginning of its SHA-256 in hex. */
export function releaseKeyId(publicKey: string): string {
  return createHash('sha256').update(rawKey(publicKey)).digest('hex').slice(0, KEY_ID_CHARS);
}

function rawKey(publicKey: string): Buffer {
  const raw = Buffer.from(publicKey, 'base64');
  if (raw.length !== PUBLIC_KEY_BYTES) throw new TypeError('An Ed25519 public key has 32 bytes');
  return raw;
}

function keyObject(publicKey: string): KeyObject {
  const x = rawKey(publicKey).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}
