interface Waiting {
  readonly bytes: number;
  readonly grant: () => void;
}

/** Bytes of a bounded place. Who does not fit waits, in order of arrival: a large one is not overtaken for ever. */
export class OutboxRoom {
  private readonly queue: Waiting[] = [];

  constructor(
    readonly maxBytes: number,
    private used: number,
  ) {}

  get usedBytes(): number {
    return this.used;
  }

  /** How many wait. */
  get waiting(): number {
    return this.queue.length;
  }

  /** Settles when the bytes are taken. Rejects with the signal's reason; `bytes` must not exceed `maxBytes`. */
  take(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      if (this.queue.length === 0 && this.fits(bytes)) {
        this.used += bytes;
        return resolve();
      }
      const onAbort = () => {
        this.queue.splice(this.queue.indexOf(waiting), 1);
        reject(signal.reason as Error);
        this.serve();
      };
      const grant = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const waiting: Waiting = { bytes, grant };
      this.queue.push(waiting);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Takes them whether or not they fit: for what is small and must not wait. */
  takeAnyway(bytes: number): void {
    this.used += bytes;
  }

  giveBack(bytes: number): void {
    this.used -= bytes;
    this.serve();
  }

  private serve(): void {
    for (let first = this.queue[0]; first && this.fits(first.bytes); first = this.queue[0]) {
      this.queue.shift();
      this.used += first.bytes;
      first.grant();
    }
  }

  private fits(bytes: number): boolean {
    return this.used + bytes <= this.maxBytes;
  }
}
