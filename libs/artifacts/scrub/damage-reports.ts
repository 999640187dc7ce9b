import { Injectable, Logger } from '@nestjs/common';
import { UnitOfWork, type Tx } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { ScrubStore, type ScrubbedBlob } from './scrub.store';

type ReadBlob = Pick<ScrubbedBlob, 'key' | 'size' | 'sha256'>;

/** Marks blobs whose bytes are not what came, whoever found it: the scrub, or a reader. Nobody is served them then. */
@Injectable()
export class DamageReports {
  private readonly logger = new Logger(DamageReports.name);

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly store: ScrubStore,
  ) {}

  /**
   * `foundSha256` is null when bytes are missing. False when nobody wants the blob any more: then its bytes are not
   * damaged but on their way out.
   */
  async mark(tx: Tx, blob: ReadBlob, foundSha256: string | null): Promise<boolean> {
    const isMarked = await this.store.mark(tx, blob, foundSha256, this.clock.now());
    if (isMarked) tx.afterCommit(() => this.tell(blob, foundSha256));
    return isMarked;
  }

  /** The same in a transaction of its own, for readers, who are in none. */
  async report(blob: ReadBlob, foundSha256: string | null): Promise<boolean> {
    return this.unitOfWork.run((tx) => this.mark(tx, blob, foundSha256), 'bulk');
  }

  private tell({ key, size, sha256 }: ReadBlob, foundSha256: string | null): void {
    const found = foundSha256 ?? 'bytes are missing';
    this.logger.error({
      msg: 'Stored bytes are corrupt',
      blob: key,
      size,
      expected: sha256,
      found,
    });
  }
}
