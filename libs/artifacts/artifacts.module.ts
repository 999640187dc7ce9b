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
import { JobCompletion } from './job-completion';

const ENTITIES = [ArtifactEntity, BlobEntity, BlobChunkEntity];

const FACE = [
  ArtifactObjects,
  ArtifactPublication,
  ArtifactReads,
  ArtifactRemoval,
  ArtifactUploads,
  BlobSweep,
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
        ArtifactStore,
        BlobIntake,
        BlobRegistry,
        DatabaseBlobStore,
        JobCompletion,
        ...FACE,
      ],
      exports: [BlobStore, ...FACE],
    };
  }
}
