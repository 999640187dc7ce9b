import { Module, type DynamicModule } from '@nestjs/common';
import { DatabaseModule } from '@foreman/database';
import { ArtifactEntity } from './artifact.entity';
import { ArtifactObjects } from './artifact-objects';
import { ArtifactPublication } from './artifact-publication';
import { ArtifactReads } from './artifact-reads';
import { ArtifactRemoval } from './artifact-removal';
import { ArtifactStore } from './artifact.store';
import { ArtifactUploads } from './artifact-uploads';
import { ArtifactsSettings, type ArtifactsOptions } from './artifacts.options';
import { BlobChunkEntity, BlobEntity } from './blob.entity';
import { BlobIntake } from './blob-intake';
import { BlobRegistry } from './blob-registry';
import { BlobStore } from './blob-store';
import { BlobSweep } from './blob-sweep';
import { DatabaseBlobStore } from './database-blob-store';
import { InputBlobs } from './inputs/input-blobs';
import { InputHolds } from './inputs/input-holds';
import { InputRemoval } from './inputs/input-removal';
import {
  InputBlobEntity,
  InputEntity,
  JobInputEntity,
  TaskInputEntity,
} from './inputs/input.entity';
import { Inputs } from './inputs/inputs';
import { TaskInputs } from './inputs/task-inputs';
import { JobCompletion } from './job-completion';
import { ArtifactLimits } from './limits/artifact-limits';
import { JobArtifactUsageEntity, LeaseArtifactUsageEntity } from './limits/artifact-usage.entity';
import { UploadsUnderWay } from './limits/uploads-under-way';
import { UsageCounts } from './limits/usage-counts';
import { ArtifactScrub } from './scrub/artifact-scrub';
import { BlobCheck } from './scrub/blob-check';
import { DamageReports } from './scrub/damage-reports';
import { SoundBlobs } from './scrub/sound-blobs';
import { ArtifactScrubEntity, CorruptBlobEntity } from './scrub/scrub.entity';
import { ScrubStore } from './scrub/scrub.store';
import { StagedOrphans } from './staged-orphans';
import { ArtifactStats } from './stats/artifact-stats';
import { ArtifactTotalEntity } from './stats/artifact-total.entity';
import { ArtifactTotals } from './stats/artifact-totals';
import { InputTotalEntity } from './stats/input-total.entity';
import { InputTotals } from './stats/input-totals';
import { DownloadUrls } from './urls/download-urls';
import { UploadUrls } from './urls/upload-urls';
import { UrlSigner } from './urls/url-signer';

const ENTITIES = [
  ArtifactEntity,
  ArtifactScrubEntity,
  ArtifactTotalEntity,
  CorruptBlobEntity,
  BlobEntity,
  BlobChunkEntity,
  InputEntity,
  InputBlobEntity,
  InputTotalEntity,
  JobArtifactUsageEntity,
  JobInputEntity,
  LeaseArtifactUsageEntity,
  TaskInputEntity,
];

const FACE = [
  ArtifactObjects,
  ArtifactPublication,
  ArtifactReads,
  ArtifactRemoval,
  ArtifactScrub,
  ArtifactStats,
  ArtifactUploads,
  BlobSweep,
  InputHolds,
  Inputs,
  TaskInputs,
  DownloadUrls,
  UploadUrls,
  UploadsUnderWay,
];

/** Artifact metadata and their bytes, over jobs and their fence. No routes, no timers. */
@Module({})
export class ArtifactsModule {
  /** @throws RangeError naming the option that is wrong. */
  static forRoot(options: ArtifactsOptions): DynamicModule {
    return {
      module: ArtifactsModule,
      global: true,
      imports: [DatabaseModule.forFeature(ENTITIES)],
      providers: [
        { provide: ArtifactsSettings, useValue: new ArtifactsSettings(options) },
        { provide: BlobStore, useExisting: DatabaseBlobStore },
        ArtifactLimits,
        ArtifactStore,
        ArtifactTotals,
        BlobCheck,
        BlobIntake,
        BlobRegistry,
        DamageReports,
        DatabaseBlobStore,
        InputBlobs,
        InputRemoval,
        InputTotals,
        JobCompletion,
        ScrubStore,
        SoundBlobs,
        StagedOrphans,
        UrlSigner,
        UsageCounts,
        ...FACE,
      ],
      exports: [BlobStore, ...FACE],
    };
  }
}
