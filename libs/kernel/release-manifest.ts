// Not the whole package: an edge's agent must stay small.
import parse from 'semver/functions/parse';
import type { FieldError } from './domain-error';

/** What a release says of its upgrade package: all of it is signed. */
export interface ReleaseManifest {
  /** A semantic version (semver.org 2.0.0) without build metadata. */
  readonly version: string;
  /** Which edges it is meant for: `stable` unless an edge's label `channel` says otherwise. */
  readonly channel: string;
  /** `<os>-<architecture>` as Node names them (`linux-x64`), or `any`. */
  readonly platform: string;
  /** Where the package is; http or https, as the WHATWG URL standard writes it. */
  readonly url: string;
  /** Bytes of the package. */
  readonly size: number;
  /** Of the package, lower-case hex. */
  readonly sha256: string;
}

/** A manifest with its Ed25519 signature, in base64. */
export interface SignedRelease extends ReleaseManifest {
  readonly signature: string;
}

/** The channel of a release, and of an edge, that names none. */
export const DEFAULT_CHANNEL = 'stable';
/** The platform of a package that runs everywhere. */
export const ANY_PLATFORM = 'any';

const MAX_VERSION_CHARS = 100;
const MAX_URL_CHARS = 2000;
/** Four GiB: a larger one is a slip of the hand, and would fill an edge's disk. */
const MAX_PACKAGE_BYTES = 4 * 1024 ** 3;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const NAME_RULE = 'must be 1 to 100 characters of A-Z a-z 0-9 . _ -';

/**
 * Everything that is wrong with a manifest; the gateway and an edge hold it against the same rules.
 * No value may hold a character that JSON escapes: its canonical form is then the same in every language.
 */
export function manifestFindings(manifest: ReleaseManifest): FieldError[] {
  const { version, channel, platform, url, size, sha256 } = manifest;
  const isDigest = typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256);
  const isSize = Number.isInteger(size) && size >= 1 && size <= MAX_PACKAGE_BYTES;
  const claims: [path: string, holds: boolean, message: string][] = [
    [
      'version',
      isReleaseVersion(version),
      'must be a semantic version such as 1.4.0 or 1.4.0-rc.1, without build metadata',
    ],
    ['channel', isName(channel), NAME_RULE],
    ['platform', isName(platform), NAME_RULE],
    [
      'url',
      isPackageUrl(url),
      'must be an absolute http or https address in its normal form, without user, password or fragment',
    ],
    ['size', isSize, `must be a whole number from 1 to ${MAX_PACKAGE_BYTES}`],
    ['sha256', isDigest, 'must be 64 characters of lower-case hex'],
  ];
  return claims.filter(([, holds]) => !holds).map(([path, , message]) => ({ path, message }));
}

/** Whether `version` is one that comes after `other`; false when either is no semantic version. */
export function isNewerVersion(version: string, other: string): boolean {
  const [a, b] = [parse(version), parse(other)];
  return a !== null && b !== null && a.compare(b) > 0;
}

/** Build metadata does not order versions (semver.org, 10): two builds of one could not be told apart. */
function isReleaseVersion(version: unknown): boolean {
  return (
    typeof version === 'string' &&
    version.length <= MAX_VERSION_CHARS &&
    parse(version)?.version === version
  );
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && NAME.test(name);
}

function isPackageUrl(text: unknown): boolean {
  if (typeof text !== 'string' || text.length > MAX_URL_CHARS || !URL.canParse(text)) return false;
  const url = new URL(text);
  const isPlain = [url.username, url.password, url.hash].every((part) => part === '');
  return /^https?:$/.test(url.protocol) && isPlain && url.href === text && !/["\\]/.test(text);
}
