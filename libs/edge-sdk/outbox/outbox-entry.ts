import type { CompleteRequest, FailRequest, LeasedTask } from '../protocol.types';

/** A lease that the outbox knows of: as much of its task as the calls about it need. */
export interface HeldLease extends Pick<
  LeasedTask,
  'taskId' | 'leaseToken' | 'jobId' | 'kind' | 'attempt' | 'heartbeatSeconds'
> {
  /** Within this outbox. */
  readonly id: number;
  /** Whether another attempt can go on from this one's rows. */
  readonly isResumable: boolean;
}

/** What a task produces while it runs. */
export type Upload =
  /** An encoded batch (see `rowBatches`). */
  | { readonly type: 'rows'; readonly body: Buffer }
  | {
      readonly type: 'artifact';
      readonly name: string;
      readonly contentType: string;
      /** Lower-case hex, of `body`. */
      readonly sha256: string;
      readonly body: Buffer;
    };

/** What ends an attempt. */
export type Ending =
  | {
      readonly type: 'complete';
      readonly request: CompleteRequest;
      /** Decided once: a repeat must be the same request. */
      readonly leasesNext: boolean;
    }
  | { readonly type: 'fail'; readonly request: FailRequest };

/** One thing that the gateway is owed, with its place in the order. */
export type OutboxEntry = (Upload | Ending) & { readonly seq: number };

/** How much was given up. */
export interface Dropped {
  readonly entries: number;
  readonly bytes: number;
}
