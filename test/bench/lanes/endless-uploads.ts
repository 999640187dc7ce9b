import { randomBytes } from 'node:crypto';
import type { ArtifactUpload, ArtifactUploads } from '@foreman/artifacts';

const UPLOAD_BYTES = 8 * 1024 * 1024;
/** As a socket would hand it on. */
const PIECE_BYTES = 64 * 1024;

/** What a body throws when the bench has seen enough. */
class UploadsOver extends Error {}

/** Keeps so many uploads of 8 MiB going until it is stopped: whoever is done begins the next. */
export class EndlessUploads {
  private isOver = false;
  private bytesTaken = 0;
  private readonly piece = randomBytes(PIECE_BYTES);
  private readonly running: Promise<void>[];

  constructor(
    private readonly uploads: ArtifactUploads,
    private readonly lease: Pick<ArtifactUpload, 'taskId' | 'edgeId' | 'leaseToken'>,
    atOnce: number,
  ) {
    this.running = Array.from({ length: atOnce }, (_, number) => this.keepUploading(number));
  }

  /** Bytes that the engine has taken out of the bodies so far. */
  get takenBytes(): number {
    return this.bytesTaken;
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.running);
  }

  private async keepUploading(number: number): Promise<void> {
    const upload = {
      ...this.lease,
      name: `upload-${number}.bin`,
      contentType: 'application/octet-stream',
    };
    while (!this.isOver) {
      await this.uploads.put({ ...upload, body: this.body() }).catch((error: unknown) => {
        if (!(error instanceof UploadsOver)) throw error;
      });
    }
  }

  private async *body(): AsyncGenerator<Buffer> {
    for (let sent = 0; sent < UPLOAD_BYTES; sent += PIECE_BYTES) {
      if (this.isOver) throw new UploadsOver();
      this.bytesTaken += PIECE_BYTES;
      yield this.piece;
    }
  }
}
