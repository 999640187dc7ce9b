/** Chunks that one turn of the event loop reads: about 2 ms of it. */
export const READS_A_TURN = 3;

/**
 * A few chunks in each turn of the event loop, first come, first served: with many downloads at once each turn would
 * otherwise read a chunk for every one of them, and a small write would wait for all of these.
 */
export class ReadTurns {
  private turn: Promise<void> = Promise.resolve();
  private reads = 0;

  /** Resolves when it is the caller's turn to read one chunk. */
  next(): Promise<void> {
    if (this.reads % READS_A_TURN === 0) {
      this.turn = this.turn.then(() => new Promise((resolve) => setImmediate(resolve)));
    }
    this.reads += 1;
    return this.turn;
  }
}
