import { Injectable, Logger } from '@nestjs/common';
import { BadOnesApart, ReadConnection, UnitOfWork, type Tx } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { ArtifactsSettings } from './artifacts.options';
import { BlobRegistry, type ReleasedBlob } from './blob-registry';
import { BlobStore } from './blob-store';
import { InputRemoval, type DueInput } from './inputs/input-removal';
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
  private readonly apart: BadOnesApart;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    private readonly orphans: StagedOrphans,
    private readonly totals: ArtifactTotals,
    private readonly inputTotals: InputTotals,
    private readonly inputs: InputRemoval,
    private readonly blobs: BlobRegistry,
    private readonly store: BlobStore,
    private readonly settings: ArtifactsSettings,
  ) {
    this.apart = new BadOnesApart(new Logger(BlobSweep.name), clock);
  }

  /** Sweeps until nothing is left, in bulk-lane batches. A call during a sweep gets that one's counts. */
  runOnce(): Promise<BlobSweepCounts> {
    this.running ??= this.sweep().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async sweep(): Promise<BlobSweepCounts> {
    const staged = await this.discardOrphans();
    const inputs = await this.removeInputs();
    const abandoned = await this.releaseAbandoned();
    await this.unitOfWork.run(async (tx) => {
      await this.totals.dropEmpty(tx);
      await this.inputTotals.dropEmpty(tx);
    }, 'bulk');
    return { staged, inputs, abandoned, ...(await this.deleteReleased()) };
  }

  /** Only what was released by now, in bulk-lane batches: for whoever has just let bytes go, and looks for nothing else. */
  async deleteReleased(): Promise<{ blobs: number; bytes: number }> {
    const counts = { blobs: 0, bytes: 0 };
    let after: ReleasedBlob | null = null;
    for (;;) {
      const due: ReleasedBlob[] = await this.blobs.released(this.reads, after, BATCH);
      const { results } = await this.apart.each(
        due,
        ({ key }) => key,
        (blobs) => this.delete(blobs),
      );
      for (const { blobs, bytes } of results) {
        counts.blobs += blobs;
        counts.bytes += bytes;
      }
      if (due.length < BATCH) return counts;
      after = due.at(-1) ?? null;
    }
  }

  private async delete(
    blobs: readonly ReleasedBlob[],
  ): Promise<{ readonly blobs: number; readonly bytes: number }> {
    const keys = blobs.map(({ key }) => key);
    await this.store.delete(keys);
    const forgotten = await this.unitOfWork.run((tx) => this.blobs.forget(tx, keys), 'bulk');
    const bytes = blobs.reduce((sum, { size }) => sum + (size ?? 0), 0);
    return { blobs: forgotten, bytes };
  }

  /** A cancelled task's lease never ends by a call of its edge: what it staged goes here. */
  private async discardOrphans(): Promise<number> {
    let discarded = 0;
    let place: StagedPlace | null = FIRST_STAGED;
    while (place !== null) {
      const { orphans, next } = await this.orphans.page(this.reads, place as StagedPlace);
      for (let start = 0; start < orphans.length; start += BATCH) {
        discarded += await this.inUnits(orphans.slice(start, start + BATCH), (tx, some, now) =>
          this.orphans.remove(tx, some, now),
        );
      }
      place = next;
    }
    return discarded;
  }

  private async removeInputs(): Promise<number> {
    let removed = 0;
    let after: DueInput | null = null;
    for (;;) {
      const due: DueInput[] = await this.inputs.due(this.reads, this.clock.now(), after, BATCH);
      removed += await this.inUnits(due, (tx, some, now) => this.inputs.remove(tx, some, now));
      if (due.length < BATCH) return removed;
      after = due.at(-1) ?? null;
    }
  }

  private async releaseAbandoned(): Promise<number> {
    let released = 0;
    for (;;) {
      const count = await this.unitOfWork.run((tx) => {
        const now = this.clock.now();
        return this.blobs.releaseAbandoned(tx, now - this.settings.abandonedAfterMs, now, BATCH);
      }, 'bulk');
      released += count;
      if (count < BATCH) return released;
    }
  }

  /** All in one bulk unit, and where that throws each in its own. Answers the sum of what it came to. */
  private async inUnits<Thing extends { readonly id: string }>(
    things: readonly Thing[],
    work: (tx: Tx, some: readonly Thing[], now: number) => Promise<number>,
  ): Promise<number> {
    const { results } = await this.apart.each(
      things,
      ({ id }) => id,
      (some) => this.unitOfWork.run((tx) => work(tx, some, this.clock.now()), 'bulk'),
    );
    return results.reduce((sum, count) => sum + count, 0);
  }
}
