import type { SignedRelease } from '@foreman/kernel';
import { type FetchSettings, fetchPackage } from './fetch-package';
import { type ReadyRelease, ReleaseFolder } from './release-folder';

/**
 * Brings the package of a release that was verified (`verifyRelease`) into `<folder>/<version>/package`, byte for byte the
 * one that was signed, or not at all. One that lies there already is not fetched again. Nothing is unpacked or run.
 * Throws `ReleaseRefused`, `PackageUnavailable` (the network, or the disk), the signal's reason.
 */
export async function downloadRelease(
  release: SignedRelease,
  folder: string,
  settings: FetchSettings = {},
): Promise<ReadyRelease> {
  const packages = new ReleaseFolder(folder);
  if (!(await packages.has(release))) {
    await fetchPackage(release, settings, (body) => packages.keep(release, body));
  }
  return packages.announce(release);
}
