import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import {
  type ReleaseManifest,
  type SignedRelease,
  releaseSigningBytes,
  sha256Hex,
} from '@foreman/kernel';

/** An Ed25519 key pair that signs releases as a publisher does. */
export class ReleaseSigner {
  private readonly privateKey = generateKeyPairSync('ed25519').privateKey;
  /** As FOREMAN_RELEASE_PUBLIC_KEYS takes it. */
  readonly publicKey: string;

  /** With `seed` (32 bytes of hex) always the same pair. */
  constructor(seed?: string) {
    if (seed !== undefined) this.privateKey = privateKeyOf(seed);
    const { x = '' } = createPublicKey(this.privateKey).export({ format: 'jwk' });
    this.publicKey = Buffer.from(x, 'base64url').toString('base64');
  }

  /** A release of some package; what is given replaces what is made up. */
  sign(manifest: Partial<ReleaseManifest> = {}): SignedRelease {
    const whole = {
      version: '1.4.0',
      channel: 'stable',
      platform: 'any',
      url: 'https://downloads.example/agent.tgz',
      size: 3,
      sha256: sha256Hex('abc'),
      ...manifest,
    };
    const signature = sign(null, releaseSigningBytes(whole), this.privateKey);
    return { ...whole, signature: signature.toString('base64') };
  }
}

/** PKCS #8 around the seed (RFC 8410). */
function privateKeyOf(seed: string) {
  const key = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex');
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}
