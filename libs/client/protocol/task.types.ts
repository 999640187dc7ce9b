import type { CodedError, Progress, Summary, TaskStatus } from './state.types';

export interface Attempt {
  readonly number: number;
  /** The edge's id. */
  readonly edge: string;
  readonly started: string;
  readonly ended: string | null;
  readonly outcome: string | null;
  readonly error: CodedError | null;
}

export interface Task {
  readonly id: string;
  readonly taskIndex: number;
  readonly status: TaskStatus;
  /** How many times it was leased. */
  readonly attempt: number;
  readonly edge: string | null;
  readonly leaseExpiresAt: string | null;
  /** Since when it counts as stalled. */
  readonly stalledAt: string | null;
  readonly availableAt: string;
  readonly progress: Progress;
  readonly counters: Readonly<Record<string, number>>;
  readonly resultCount: number;
  readonly resultFolder: string | null;
  readonly summary: Summary | null;
  readonly error: CodedError | null;
  readonly finalizedAt: string | null;
  readonly attempts: readonly Attempt[];
}
