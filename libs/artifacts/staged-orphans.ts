import { Injectable } from '@nestjs/common';
import type { Queryable, Tx } from '@foreman/database';
import { ArtifactStore } from './artifact.store';

/** Where a walk over what is staged stands. */
export interface StagedPlace {
  readonly taskId: string;
  readonly name: string;
}

/** Before every staged artifact. */
export const FIRST_STAGED: StagedPlace = { taskId: '', name: '' };

/** Staged artifacts of one page: nearly all are of tasks that run. */
const LOOKED_AT = 500;

/** What is known of one that is to go. */
export interface StagedOrphan {
  readonly id: string;
  readonly blobKey: string;
}

/** What was staged for a task that is over, and that no call of its edge will remove. */
@Injectable()
export class StagedOrphans {
  constructor(private readonly artifacts: ArtifactStore) {}

  /** Those among the next staged artifacts; `next` is where to go on, null at the end. */
  async page(
    db: Queryable,
    from: StagedPlace,
  ): Promise<{ readonly orphans: StagedOrphan[]; readonly next: StagedPlace | null }> {
    const page = await db.query<StagedRow>(STAGED, [from.taskId, from.name, LOOKED_AT]);
    const last = page.length < LOOKED_AT ? undefined : page.at(-1);
    return {
      orphans: page
        .filter(({ is_orphan }) => Number(is_orphan) === 1)
        .map(({ id, blob_key: blobKey }) => ({ id, blobKey })),
      next: last === undefined ? null : { taskId: last.task_id, name: last.name },
    };
  }

  /** Removes those that still are: a retried job's task may have begun anew. How many those were. */
  async remove(tx: Tx, orphans: readonly StagedOrphan[], now: number): Promise<number> {
    let removed = 0;
    for (const orphan of orphans) {
      if ((await tx.query(IS_ORPHAN, [orphan.id])).length === 0) continue;
      await this.artifacts.remove(tx, orphan, now);
      removed += 1;
    }
    return removed;
  }
}

interface StagedRow {
  readonly id: string;
  readonly task_id: string;
  readonly name: string;
  readonly blob_key: string;
  readonly is_orphan: number;
}

const HAS_OPEN_TASK = `
  EXISTS (SELECT 1 FROM tasks
    WHERE tasks.id = artifacts.task_id AND tasks.status IN ('queued', 'leased'))`;

const IS_ORPHAN = `
  SELECT 1 FROM artifacts WHERE id = ? AND state = 'staged' AND NOT ${HAS_OPEN_TASK}`;

export const STAGED = `
  SELECT id, task_id, name, blob_key, CASE WHEN ${HAS_OPEN_TASK} THEN 0 ELSE 1 END AS is_orphan
  FROM artifacts
  WHERE state = 'staged' AND (task_id, name) > (?, ?) ORDER BY task_id, name LIMIT ?`;
