import { retrying } from '@foreman/gateway-http';
import { sha256Hex } from '@foreman/kernel';
import type { AgentParts } from './agent-parts';
import { TaskFailure } from './executor';
import type { TaskArtifact } from './executor';
import type { LeasedTask, ResultRow } from './protocol.types';
import { rowBatches } from './row-batches';
import { stopCauseOf } from './task-stop';
import type { StopCause } from './task-stop';

/**
 * Sends what an executor makes. One upload is in flight per task, the others wait in their order: so memory is
 * bounded by what the executor does not await. A gateway that is away costs only time; the lease's end, or the
 * signal, costs the upload.
 */
export class TaskUploads {
  private readonly digests = new Map<string, string>();
  private last: Promise<void> = Promise.resolve();
  private isClosed = false;
  private firstError: { readonly error: unknown } | null = null;

  constructor(
    private readonly parts: AgentParts,
    private readonly task: LeasedTask,
    private readonly signal: AbortSignal,
    private readonly onLeaseEnded: (cause: StopCause) => void,
  ) {}

  postRows(rows: readonly ResultRow[], resultFolder?: string): Promise<void> {
    return this.inTurn(async () => {
      for (const body of rowBatches(rows, resultFolder)) {
        await this.patiently(() =>
          this.parts.connection.postRowBatch(this.task, body, this.signal),
        );
      }
    });
  }

  putArtifact({ name, contentType, body }: TaskArtifact): Promise<void> {
    return this.inTurn(async () => {
      const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
      const digest = sha256Hex(bytes);
      const stored = await this.patiently(() =>
        this.parts.connection.putArtifact(
          this.task,
          { name, contentType, body: bytes },
          this.signal,
        ),
      );
      if (stored.sha256 !== digest) {
        throw new TaskFailure(
          'artifact.digest_mismatch',
          `the gateway stored other bytes of artifact ${name} than were sent`,
          true,
        );
      }
      this.digests.set(name, digest);
    });
  }

  /**
   * Takes nothing more, and waits for everything that was handed over; throws the first refusal, even one that the
   * executor caught.
   */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.last;
    if (this.firstError !== null) throw this.firstError.error;
  }

  /** The artifacts that the gateway confirmed, as a completion names them. */
  staged(): { name: string; sha256: string }[] {
    return [...this.digests].map(([name, sha256]) => ({ name, sha256 }));
  }

  private inTurn(upload: () => Promise<void>): Promise<void> {
    const turn = this.isClosed
      ? Promise.reject(new Error('the executor has returned: nothing more can be sent'))
      : this.last.then(upload);
    // This also marks the rejection as seen: an upload that nobody awaits must not end the process.
    this.last = turn.catch((error: unknown) => {
      this.firstError ??= { error };
    });
    return turn;
  }

  private async patiently<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await retrying(call, {
        ...this.parts,
        signal: this.signal,
        onRetry: ({ error, delayMs }) =>
          this.parts.log.warn(
            { taskId: this.task.taskId, delayMs, reason: error.message },
            'upload failed; trying again',
          ),
      });
    } catch (error) {
      const cause = stopCauseOf(error);
      if (cause !== null) this.onLeaseEnded(cause);
      throw error;
    }
  }
}
