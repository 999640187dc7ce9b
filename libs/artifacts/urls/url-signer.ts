import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DomainError, isoTime, type DerivedKey, type DerivedKeys } from '@foreman/kernel';
import { ArtifactsSettings } from '../artifacts.options';
import { canonicalClaims, type UrlClaims } from './url-claims';

/** Sets these keys apart from those that seal webhook secrets. */
const PURPOSE = 'foreman signed urls v1';
const MARK_DOMAIN = 'foreman lease mark v1';
/** Half a SHA-256: nobody can try tokens against it without the key. */
const MARK_BYTES = 16;

/** Where signed URLs begin: a proxy may open this prefix alone to the world. */
export const SIGNED_PATH = '/signed';

/** What stands in a URL beside its claims. */
export interface UrlSeal {
  readonly key: string;
  readonly signature: string;
}

/** Signs URLs that work without a bearer token, and judges them: HMAC-SHA256, without a look at the database. */
@Injectable()
export class UrlSigner {
  private readonly keys: DerivedKeys | null;

  constructor(private readonly settings: ArtifactsSettings) {
    this.keys = settings.keyRing?.derive(PURPOSE) ?? null;
  }

  /** The absolute URL. @throws Error where no secret key was given to the module. */
  sign(claims: UrlClaims): string {
    const key = this.present();
    const query = new URLSearchParams({
      ...claims.params,
      key: key.id,
      signature: signature(key, claims).toString('base64url'),
    });
    const path = claims.path.map((segment) => encodeURIComponent(segment)).join('/');
    return this.settings.urlAt(`${SIGNED_PATH}/${path}?${query.toString()}`);
  }

  /**
   * Judges a URL; `params.expires` is epoch ms. Which part of it is wrong is told only once the signature held.
   * @throws `auth.forbidden`
   */
  check(claims: UrlClaims, seal: UrlSeal, now: number): void {
    const key = this.keys?.all.find(({ id }) => id === seal.key);
    const presented = Buffer.from(seal.signature, 'base64url');
    // Only the one spelling that was handed out: a URL is its own name in logs and caches.
    const isCanonical = presented.toString('base64url') === seal.signature;
    if (key === undefined || !isCanonical) throw notSigned();
    const expected = signature(key, claims);
    if (presented.length !== expected.length || !timingSafeEqual(presented, expected)) {
      throw notSigned();
    }
    const expiresAt = Number(claims.params['expires']);
    if (now < expiresAt) return;
    const until = isoTime(expiresAt);
    throw new DomainError('auth.forbidden', `This URL expired at ${until}; ask for a new one.`);
  }

  /** Stands for a lease token where the token itself must not be shown: the same for the same key and token. */
  leaseMark(leaseToken: string, keyId?: string): string {
    const key = this.keys?.all.find(({ id }) => id === keyId) ?? this.present();
    const mark = createHmac('sha256', key.bytes).update(JSON.stringify([MARK_DOMAIN, leaseToken]));
    return mark.digest().subarray(0, MARK_BYTES).toString('base64url');
  }

  private present(): DerivedKey {
    if (this.keys !== null) return this.keys.present;
    throw new Error('Urls are signed with a key: give ArtifactsModule its secretKey');
  }
}

/** Also for a URL of which a part is missing. */
export function notSigned(): DomainError {
  return new DomainError(
    'auth.forbidden',
    'This URL is not one that Foreman signed, or not all of it has arrived; ask for a new one.',
  );
}

function signature(key: DerivedKey, claims: UrlClaims): Buffer {
  return createHmac('sha256', key.bytes).update(canonicalClaims(claims)).digest();
}
