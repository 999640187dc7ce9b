import { Injectable } from '@nestjs/common';
import { UnitOfWork, type Tx } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { ArtifactsSettings } from './artifacts.options';
import { BlobRegistry } from './blob-registry';
import { BlobStore } from './blob-store';
import { InputRemoval } from './inputs/input-removal';
import { FIRST_STAGED, StagedOrphans, type StagedPlace } from './staged-orphans';
import { ArtifactTotals } from './stats/artifact-totals';
import { InputTotals } from './stats/input-totals';

/** What one sweep removed. */
export interface BlobSweepCounts {
  /** Staged artifacts of tasks that are over. */
  readonly staged: number;
  /** Inputs whose time is over and that no job holds. */
  readonly inputs: number;
  /** Uploads that stood still for too long. */
  readonly abandoned: number;
  readonly blobs: number;
  /** Of the blobs whose size is known. */
  readonly bytes: number;
}

/** One bulk unit's share: enough to be quick, small enough that nobody waits for it. */
const BATCH = 50;

/** Removes bytes that nothing names any more. Safe to kill at any moment and to run again. */
@Injectable()
export class BlobSweep {
  private running: Promise<BlobSweepCounts> | null = null;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly orphans: StagedOrphans,
    private readonly totals: ArtifactTotals,
    private readonly inputTotals: InputTotals,
    private readonly inputs: InputRemoval,
    private readonly blobs: BlobRegistry,
    private readonly store: BlobStore,
    private readonly settings: ArtifactsSettings,
  ) {}

  /** Sweeps until nothing is left, in bulk-lane batches. A call during a sweep gets that one's counts. */
  runOnce(): Promise<BlobSweepCounts> {
    this.running ??= this.sweep().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async sweep(): Promise<BlobSweepCounts> {
    const now = this.clock.now();
    const before = now - this.settings.abandonedAfterMs;
    const staged = await this.discardOrphans(now);
    const inputs = await this.untilLess((tx) => this.inputs.removeBatch(tx, now, BATCH));
    const abandoned = await this.untilLess((tx) =>
      this.blobs.releaseAbandoned(tx, before, now, BATCH),
    );
    await this.unitOfWork.run(async (tx) => {
      await this.totals.dropEmpty(tx);
      await this.inputTotals.dropEmpty(tx);
    }, 'bulk');
    return { staged, inputs, abandoned, ...(await this.deleteReleased()) };
  }

  /** Only what was released by now, in bulk-lane batches: for whoever has just let bytes go, and looks for nothing else. */
  async deleteReleased(): Promise<{ blobs: number; bytes: number }> {
    const counts = { blobs: 0, bytes: 0 };
    for (;;) {
      const due = await this.unitOfWork.run((tx) => this.blobs.released(tx, BATCH), 'bulk');
      const keys = due.map((blob) => blob.key);
      if (keys.length === 0) return counts;
      await this.store.delete(keys);
      const forgotten = await this.unitOfWork.run((tx) => this.blobs.forget(tx, keys), 'bulk');
      counts.blobs += forgotten;
      for (const blob of due) counts.bytes += blob.size ?? 0;
      if (forgotten < BATCH) return counts;
    }
  }

  /** A cancelled task's lease never ends by a call of its edge: what it staged goes here. */
  private async discardOrphans(now: number): Promise<number> {
    let discarded = 0;
    let place: StagedPlace | null = FIRST_STAGED;
    while (place !== null) {
      const from: StagedPlace = place;
      const page = await this.unitOfWork.run((tx) => this.orphans.discard(tx, from, now), 'bulk');
      discarded += page.discarded;
      place = page.next;
    }
    return discarded;
  }

  private async untilLess(batch: (tx: Tx) => Promise<number>): Promise<number> {
    let total = 0;
    for (;;) {
      const done = await this.unitOfWork.run(batch, 'bulk');
      total += done;
      if (done < BATCH) return total;
    }
  }
}
