/**
 * One chunk in each turn of the event loop, first come, first served: with many downloads at once each turn would
 * otherwise read a chunk for every one of them, and a small write would wait for all of these.
 */
export class ReadTurns {
  private last: Promise<void> = Promise.resolve();

  /** Resolves when it is the caller's turn to read one chunk. */
  next(): Promise<void> {
    this.last = this.last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.last;
  }
}
