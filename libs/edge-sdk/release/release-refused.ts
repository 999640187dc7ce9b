/**
 * Why a release, or its package, was not taken: `malformed` (no manifest), `signature` (by none of the keys, or not
 * of this manifest), `version` (not higher than what runs), `platform` (another machine's), `size`, `digest` (the
 * package is not the one that was signed).
 */
export type RefusalCause = 'malformed' | 'signature' | 'version' | 'platform' | 'size' | 'digest';

/** A release that must not be installed. */
export class ReleaseRefused extends Error {
  override readonly name = 'ReleaseRefused';

  constructor(
    readonly because: RefusalCause,
    message: string,
  ) {
    super(message);
  }
}

/** The package could not be fetched, or not be written down; later it may. */
export class PackageUnavailable extends Error {
  override readonly name = 'PackageUnavailable';
}
