import type { ArtifactEntity } from './artifact.entity';

/** What is known of an artifact without its bytes. JSON-ready: a webhook message keeps it frozen. */
export interface ArtifactRecord {
  readonly id: string;
  readonly jobId: string;
  /** Null for what Foreman wrote itself. */
  readonly taskId: string | null;
  readonly name: string;
  readonly contentType: string;
  /** Stored bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly blobKey: string;
  /** Epoch ms; null while it is staged. */
  readonly publishedAt: number | null;
}

export function artifactRecord(entity: ArtifactEntity): ArtifactRecord {
  return {
    id: entity.id,
    jobId: entity.jobId,
    taskId: entity.taskId,
    name: entity.name,
    contentType: entity.contentType,
    size: entity.size,
    sha256: entity.sha256,
    blobKey: entity.blobKey,
    publishedAt: entity.publishedAt,
  };
}
