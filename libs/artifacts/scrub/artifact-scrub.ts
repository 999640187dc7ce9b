import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { ReadConnection, UnitOfWork, type Tx } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { ArtifactsSettings } from '../artifacts.options';
import { BlobCheck, type BlobFinding } from './blob-check';
import { DamageReports } from './damage-reports';
import type { ArtifactScrubEntity } from './scrub.entity';
import { ScrubPace } from './scrub-pace';
import { ScrubStore, type CorruptBlob, type ScrubProgress, type ScrubbedBlob } from './scrub.store';

/** What one run did; a pass may take several. */
export interface ScrubCounts {
  readonly blobs: number;
  readonly bytes: number;
  readonly corrupt: number;
  readonly unreadable: number;
}

export interface ScrubState extends ScrubCounts {
  /** `waiting`: begun, cut off by an end of the gateway, and not gone on with yet. */
  readonly status: 'idle' | 'running' | 'waiting';
  /** Of the present pass, or else the last one; epoch ms. Null when there was none. */
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** What is corrupt by now, whichever pass found it; at most `CORRUPT_SHOWN`. */
  readonly corruptBlobs: readonly CorruptBlob[];
}

/** Blobs of one look. */
const BATCH = 50;
/** How far it is is saved at least so often: an ended process reads no more than this again. */
const SAVE_EVERY_BYTES = 16_777_216;
const SAVE_EVERY_BLOBS = 500;
const CORRUPT_SHOWN = 100;

/**
 * Reads what is stored of artifacts and inputs, and holds it against its digest. A pass goes through all
 * blobs that it finds at its beginning once, slowly, on the read connection; it is saved how far it is, so that a later
 * process goes on there.
 */
@Injectable()
export class ArtifactScrub implements OnModuleDestroy {
  private readonly logger = new Logger(ArtifactScrub.name);
  private readonly stopped = new AbortController();
  private running: Promise<ScrubCounts> | null = null;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    private readonly store: ScrubStore,
    private readonly check: BlobCheck,
    private readonly damage: DamageReports,
    private readonly settings: ArtifactsSettings,
  ) {}

  /** Opens a pass, unless one is open: then that one goes on. Reads nothing yet: `runOnce` does. */
  async begin(): Promise<boolean> {
    return this.unitOfWork.run((tx) => this.store.begin(tx, this.clock.now()));
  }

  /** Goes on with the open pass to its end; does nothing when none is. A call during a run gets that one's counts. */
  runOnce(): Promise<ScrubCounts> {
    this.running ??= this.run().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  async state(): Promise<ScrubState> {
    const pass = await this.store.state(this.reads);
    return {
      status: this.statusOf(pass),
      startedAt: pass?.startedAt ?? null,
      finishedAt: pass?.finishedAt ?? null,
      blobs: pass?.blobs ?? 0,
      bytes: pass?.bytes ?? 0,
      corrupt: pass?.corrupt ?? 0,
      unreadable: pass?.unreadable ?? 0,
      corruptBlobs: await this.store.corrupt(this.reads, CORRUPT_SHOWN),
    };
  }

  /** Ends a run after the piece that it is at: the pass stays open. */
  async onModuleDestroy(): Promise<void> {
    this.stopped.abort();
    await this.running?.catch(() => undefined);
  }

  private statusOf(pass: ArtifactScrubEntity | null): ScrubState['status'] {
    if (pass === null || pass.finishedAt !== null) return 'idle';
    return this.running === null ? 'waiting' : 'running';
  }

  private async run(): Promise<ScrubCounts> {
    const pass = await this.store.state(this.reads);
    if (pass === null || pass.finishedAt !== null) return countsOf(null, null);
    try {
      await this.goOn(pass);
    } catch (error) {
      // Cut off by the end of the gateway: what is saved is where the next one begins.
      if (!this.stopped.signal.aborted) throw error;
      return countsOf(null, null);
    }
    return countsOf(pass, await this.store.state(this.reads));
  }

  private async goOn(pass: ArtifactScrubEntity): Promise<void> {
    const { scrubBytesPerSecond } = this.settings;
    const pace = new ScrubPace(this.clock, scrubBytesPerSecond, this.stopped.signal);
    let unsaved = nothingSince(pass.afterKey);
    for (;;) {
      const blobs = await this.store.next(this.reads, unsaved.afterKey, pass.endKey, BATCH);
      for (const blob of blobs) unsaved = await this.scrub(pass, blob, unsaved, pace);
      if (blobs.length < BATCH) break;
    }
    await this.unitOfWork.run(async (tx) => {
      await this.store.save(tx, pass.startedAt, unsaved);
      await this.store.finish(tx, pass.startedAt, this.clock.now());
    }, 'bulk');
  }

  /** Reads one blob; answers what is not saved yet. */
  private async scrub(
    pass: ArtifactScrubEntity,
    blob: ScrubbedBlob,
    unsaved: ScrubProgress,
    pace: ScrubPace,
  ): Promise<ScrubProgress> {
    const finding = await this.check.of(blob, (bytes) => pace.afterPiece(bytes));
    await pace.afterBlob();
    if (finding.is === 'unreadable') this.logger.error(finding.error);
    const read = {
      ...unsaved,
      afterKey: blob.key,
      blobs: unsaved.blobs + 1,
      bytes: unsaved.bytes + blob.size,
      unreadable: unsaved.unreadable + Number(finding.is === 'unreadable'),
    };
    const isNews = finding.is === 'corrupt' || (finding.is === 'sound' && blob.isMarked);
    if (!isNews && read.bytes < SAVE_EVERY_BYTES && read.blobs < SAVE_EVERY_BLOBS) return read;
    await this.unitOfWork.run((tx) => this.record(tx, pass, blob, finding, read), 'bulk');
    return nothingSince(blob.key);
  }

  private async record(
    tx: Tx,
    pass: ArtifactScrubEntity,
    blob: ScrubbedBlob,
    finding: BlobFinding,
    read: ScrubProgress,
  ): Promise<void> {
    let corrupt = 0;
    if (finding.is === 'corrupt') {
      corrupt = Number(await this.damage.mark(tx, blob, finding.foundSha256));
    } else if (finding.is === 'sound' && blob.isMarked) {
      await this.store.unmark(tx, blob.key);
    }
    await this.store.save(tx, pass.startedAt, { ...read, corrupt: read.corrupt + corrupt });
  }
}

function nothingSince(afterKey: string): ScrubProgress {
  return { afterKey, blobs: 0, bytes: 0, corrupt: 0, unreadable: 0 };
}

/** What a pass has done between two looks at it. */
function countsOf(before: ScrubCounts | null, after: ScrubCounts | null): ScrubCounts {
  const done = (name: keyof ScrubCounts) => (after?.[name] ?? 0) - (before?.[name] ?? 0);
  return {
    blobs: done('blobs'),
    bytes: done('bytes'),
    corrupt: done('corrupt'),
    unreadable: done('unreadable'),
  };
}
