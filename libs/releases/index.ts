export { CurrentReleases } from './current-releases';
export type { EdgeToUpgrade } from './current-releases';
export { ReleaseEntity } from './release.entity';
export { Releases } from './releases';
export type { PublishedRelease, ReleaseCommand } from './releases';
export { ReleasesModule } from './releases.module';
export type { ReleasesOptions } from './releases.options';
