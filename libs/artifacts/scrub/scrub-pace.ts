import { delay, type Clock } from '@foreman/kernel';

/** What a blob costs besides its bytes: else a million small ones would be read at full speed. */
const BLOB_COST_BYTES = 4096;
/** A shorter pause than this is not worth a timer: it is owed, and waited for with the next. */
const SHORTEST_PAUSE_MS = 5;

/** Keeps the reading at a rate, and gives the event loop a turn with each piece. */
export class ScrubPace {
  private owedMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly bytesPerSecond: number,
    private readonly signal: AbortSignal,
  ) {}

  /** @throws the signal's reason once it is aborted. */
  async afterPiece(bytes: number): Promise<void> {
    await this.after(bytes);
  }

  /** @throws the signal's reason once it is aborted. */
  async afterBlob(): Promise<void> {
    await this.after(BLOB_COST_BYTES);
  }

  private async after(bytes: number): Promise<void> {
    this.owedMs += (bytes / this.bytesPerSecond) * 1000;
    if (this.owedMs >= SHORTEST_PAUSE_MS) {
      const pauseMs = this.owedMs;
      this.owedMs = 0;
      await delay(this.clock, pauseMs, this.signal);
    } else {
      await new Promise(setImmediate);
    }
    this.signal.throwIfAborted();
  }
}
