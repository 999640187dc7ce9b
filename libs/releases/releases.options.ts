import { DomainError, isReleasePublicKey } from '@foreman/kernel';

export interface ReleasesOptions {
  /** FOREMAN_RELEASE_PUBLIC_KEYS: Ed25519, 32 raw bytes in base64 each. None: nothing is published or offered. */
  readonly publicKeys?: readonly string[];
  /**
   * How long the current releases are believed without another look, in seconds: how late another
   * process's release or halt is seen here at the most. Default 15.
   */
  readonly rereadSeconds?: number;
}

/** The options with every default filled in. */
export class ReleasesSettings {
  readonly publicKeys: readonly string[];
  readonly rereadMs: number;

  constructor(options: ReleasesOptions = {}) {
    this.publicKeys = options.publicKeys ?? [];
    this.rereadMs = (options.rereadSeconds ?? 15) * 1000;
    if (!this.publicKeys.every(isReleasePublicKey)) {
      throw new DomainError('internal', 'ReleasesOptions.publicKeys must be Ed25519 public keys');
    }
    if (!(this.rereadMs >= 0)) {
      throw new DomainError('internal', 'ReleasesOptions.rereadSeconds must not be negative');
    }
  }
}
