import type { ResultRow, TaskArtifact } from '@foreman/edge-sdk';
import type { SearchRequest } from '../request/search-request';

/** What a worker thread is started with. */
export interface SearchOrder {
  readonly request: SearchRequest;
  /** By config id, the ranking metric of those that need not be evaluated. */
  readonly evaluated: ReadonlyMap<string, number | null>;
}

/** What the worker thread tells the agent's main thread. */
export type WorkerMessage =
  | {
      readonly type: 'rows';
      readonly rows: readonly ResultRow[];
      readonly processed: number;
      readonly total: number;
      readonly leader: string;
    }
  | {
      readonly type: 'finished';
      readonly bestConfigIds: readonly string[];
      readonly total: number;
      readonly artifacts: readonly (TaskArtifact & { readonly body: string })[];
    }
  | { readonly type: 'refused'; readonly message: string };

export type RowsMessage = Extract<WorkerMessage, { type: 'rows' }>;
export type FinishedMessage = Extract<WorkerMessage, { type: 'finished' }>;

/** The only answer: the last batch of rows has been taken, the next may come. */
export const ROWS_TAKEN = 'rows-taken';
