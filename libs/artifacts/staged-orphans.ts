import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { ArtifactStore } from './artifact.store';

/** Where a walk over what is staged stands. */
export interface StagedPlace {
  readonly taskId: string;
  readonly name: string;
}

/** Before every staged artifact. */
export const FIRST_STAGED: StagedPlace = { taskId: '', name: '' };

/** Staged artifacts that one bulk unit looks at: nearly all are of tasks that run. */
const LOOKED_AT = 500;
/** Of them, those that it removes: each takes several statements. */
const REMOVED = 50;

/** What was staged for a task that is over, and that no call of its edge will remove. */
@Injectable()
export class StagedOrphans {
  constructor(private readonly artifacts: ArtifactStore) {}

  /** Removes those among the next staged artifacts; `next` is where to go on, null at the end. */
  async discard(
    tx: Tx,
    from: StagedPlace,
    now: number,
  ): Promise<{ readonly discarded: number; readonly next: StagedPlace | null }> {
    const page = await tx.query<StagedRow>(STAGED, [from.taskId, from.name, LOOKED_AT]);
    let discarded = 0;
    for (const { id, blob_key: blobKey, task_id: taskId, name, is_orphan } of page) {
      if (Number(is_orphan) === 0) continue;
      await this.artifacts.remove(tx, { id, blobKey }, now);
      discarded += 1;
      if (discarded === REMOVED) return { discarded, next: { taskId, name } };
    }
    const last = page.length < LOOKED_AT ? undefined : page.at(-1);
    return {
      discarded,
      next: last === undefined ? null : { taskId: last.task_id, name: last.name },
    };
  }
}

interface StagedRow {
  readonly id: string;
  readonly task_id: string;
  readonly name: string;
  readonly blob_key: string;
  readonly is_orphan: number;
}

export const STAGED = `
  SELECT id, task_id, name, blob_key,
    CASE WHEN EXISTS (SELECT 1 FROM tasks
      WHERE tasks.id = artifacts.task_id AND tasks.status IN ('queued', 'leased'))
      THEN 0 ELSE 1 END AS is_orphan
  FROM artifacts
  WHERE state = 'staged' AND (task_id, name) > (?, ?) ORDER BY task_id, name LIMIT ?`;
