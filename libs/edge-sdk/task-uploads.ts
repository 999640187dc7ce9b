import { sha256Hex } from '@foreman/kernel';
import type { TaskArtifact } from './executor';
import type { Outbox } from './outbox/outbox';
import type { HeldLease } from './outbox/outbox-entry';
import type { ResultRow } from './protocol.types';
import { rowBatches } from './row-batches';

/**
 * Takes what an executor makes into the outbox, one hand-over at a time in their order: so memory is bounded by what
 * the executor does not await.
 */
export class TaskUploads {
  private readonly digests = new Map<string, string>();
  private last: Promise<void> = Promise.resolve();
  private isClosed = false;
  private firstError: { readonly error: unknown } | null = null;

  constructor(
    private readonly outbox: Outbox,
    private readonly lease: HeldLease,
    private readonly signal: AbortSignal,
  ) {}

  postRows(rows: readonly ResultRow[], resultFolder?: string): Promise<void> {
    return this.inTurn(async () => {
      for (const text of rowBatches(rows, resultFolder)) {
        await this.outbox.add(this.lease, { type: 'rows', body: Buffer.from(text) }, this.signal);
      }
    });
  }

  putArtifact({ name, contentType, body }: TaskArtifact): Promise<void> {
    return this.inTurn(async () => {
      const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
      const sha256 = sha256Hex(bytes);
      const upload = { type: 'artifact', name, contentType, sha256, body: bytes } as const;
      await this.outbox.add(this.lease, upload, this.signal);
      this.digests.set(name, sha256);
    });
  }

  /**
   * Takes nothing more, and waits for everything that was handed over; throws the first error, even one that the
   * executor caught.
   */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.last;
    if (this.firstError !== null) throw this.firstError.error;
  }

  /** The artifacts that the outbox took, the latest of each name, as a completion names them. */
  handedOver(): { name: string; sha256: string }[] {
    return [...this.digests].map(([name, sha256]) => ({ name, sha256 }));
  }

  private inTurn(handOver: () => Promise<void>): Promise<void> {
    const turn = this.isClosed
      ? Promise.reject(new Error('the executor has returned: nothing more can be sent'))
      : this.last.then(handOver);
    // This also marks the rejection as seen: a hand-over that nobody awaits must not end the process.
    this.last = turn.catch((error: unknown) => {
      this.firstError ??= { error };
    });
    return turn;
  }
}
