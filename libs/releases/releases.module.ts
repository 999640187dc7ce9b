import { DatabaseModule } from '@foreman/database';
import { type DynamicModule, Module } from '@nestjs/common';
import { CurrentReleases } from './current-releases';
import { ReleaseEntity } from './release.entity';
import { Releases } from './releases';
import { type ReleasesOptions, ReleasesSettings } from './releases.options';

/** Signed releases of the edge agent. Needs DatabaseModule; starts nothing, fetches nothing. */
@Module({})
export class ReleasesModule {
  /** @throws DomainError naming the option that is wrong. */
  static forRoot(options: ReleasesOptions = {}): DynamicModule {
    return {
      module: ReleasesModule,
      global: true,
      imports: [DatabaseModule.forFeature([ReleaseEntity])],
      providers: [
        { provide: ReleasesSettings, useValue: new ReleasesSettings(options) },
        CurrentReleases,
        Releases,
      ],
      exports: [CurrentReleases, Releases],
    };
  }
}
