import type { ArtifactReads, ArtifactRecord } from '@foreman/artifacts';
import type { ServedBytes } from '../http/byte-serving';

/** A published artifact as `serveBytes` takes it: the same whoever lets the caller in, a key or a signed URL. */
export function servedArtifact(reads: ArtifactReads, artifact: ArtifactRecord): ServedBytes {
  return {
    name: artifact.name,
    contentType: artifact.contentType,
    size: artifact.size,
    sha256: artifact.sha256,
    open: (range) => reads.open(artifact, range),
    whole: () => reads.whole(artifact),
  };
}
