import type { Clock } from '@foreman/kernel';
import type { Response } from 'express';
import { cutOff } from '../../http/cut-off';

/** A reader that takes nothing for so long is dropped, in ms: it can come back where it was. */
const DRAIN_WITHIN_MS = 30_000;
/** What may wait for one reader, in bytes. The kernel's own buffers are not counted. */
const WAITING_LIMIT_BYTES = 64 * 1024;

/** The writing end of one reader's stream: waits for it, but not for ever. */
export class EventSocket {
  constructor(
    private readonly response: Response,
    private readonly clock: Clock,
  ) {}

  get isOpen(): boolean {
    return !this.response.destroyed && !this.response.writableEnded && !this.response.closed;
  }

  onClose(listener: () => void): void {
    this.response.once('close', listener);
  }

  /** Settles when the reader has taken enough of it to be told more, or when the stream is over. */
  async write(text: string): Promise<void> {
    if (!this.isOpen || text === '') return;
    if (this.response.writableLength + Buffer.byteLength(text) > WAITING_LIMIT_BYTES) {
      return this.drop();
    }
    if (!this.response.write(text)) await this.drained();
  }

  /** Ends it as a stream that is whole; cut off instead is a reader that has not taken what it has. */
  end(): void {
    if (!this.isOpen) return;
    if (this.response.writableNeedDrain) this.drop();
    else this.response.end();
  }

  /** Cuts it off: a reader that is not at the end must not believe that it is. */
  drop(): void {
    cutOff(this.response);
  }

  private drained(): Promise<void> {
    return new Promise((resolve) => {
      const settle = () => {
        timer.cancel();
        this.response.off('drain', settle).off('close', settle);
        resolve();
      };
      const timer = this.clock.setTimer(DRAIN_WITHIN_MS, () => this.drop());
      this.response.once('drain', settle).once('close', settle);
    });
  }
}
