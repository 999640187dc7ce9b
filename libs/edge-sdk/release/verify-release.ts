import { ANY_PLATFORM, isNewerVersion, manifestFindings, signerOf } from '@foreman/kernel';
import type { SignedRelease } from '@foreman/kernel';
import { ReleaseRefused } from './release-refused';

/** What this edge runs, and whom it believes. */
export interface ReleaseTrust {
  /** Ed25519, 32 raw bytes in base64 each; from the edge's own operator, never from the gateway. */
  readonly publicKeys: readonly string[];
  readonly agentVersion: string;
  /** `<os>-<architecture>`. */
  readonly platform: string;
}

/**
 * The release that was offered, if it may be installed here: well-formed, signed by one of the keys, of a higher version
 * than the one that runs (a gateway that was taken over must not bring back an old, weak one), and for this platform
 * or any. Throws `ReleaseRefused`.
 */
export function verifyRelease(offered: unknown, trust: ReleaseTrust): SignedRelease {
  const release = manifestOf(offered);
  if (signerOf(release, trust.publicKeys) === null) {
    throw new ReleaseRefused('signature', 'none of the public keys has signed this release');
  }
  if (!isNewerVersion(release.version, trust.agentVersion)) {
    throw new ReleaseRefused(
      'version',
      `${release.version} is not higher than ${trust.agentVersion}, which runs`,
    );
  }
  if (release.platform !== ANY_PLATFORM && release.platform !== trust.platform) {
    throw new ReleaseRefused('platform', `it is for ${release.platform}, not ${trust.platform}`);
  }
  return release;
}

/** Field by field: whatever else was sent is dropped. */
function manifestOf(offered: unknown): SignedRelease {
  if (typeof offered !== 'object' || offered === null) {
    throw new ReleaseRefused('malformed', 'the release is no object');
  }
  const { version, channel, platform, url, size, sha256, signature } = offered as SignedRelease;
  const release = { version, channel, platform, url, size, sha256, signature };
  const [finding] = manifestFindings(release);
  if (finding !== undefined) {
    throw new ReleaseRefused('malformed', `${finding.path} ${finding.message}`);
  }
  return release;
}
