import { Injectable } from '@nestjs/common';
import { sqlList, type Queryable } from '@foreman/database';
import type { TaskEntity } from '@foreman/jobs';
import { DomainError } from '@foreman/kernel';

/** What a completion claims about its task's rows. */
export interface ClaimedResults {
  readonly resultCount?: number;
  readonly bestConfigIds?: readonly string[];
}

/** Ids looked up by one statement, and told of at most. */
const IDS_A_STATEMENT = 100;

/** Holds a completion against the rows that are there, inside the completing transaction. */
@Injectable()
export class ResultCheck {
  /**
   * @param task as the fence answered it in this transaction.
   * @throws `results.incomplete` when `resultCount` is not what is stored; `results.unknown_config`
   * when there are rows and a best config is not among them.
   */
  async checkCompletion(
    db: Queryable,
    task: Pick<TaskEntity, 'rowSetId' | 'resultCount'>,
    claimed: ClaimedResults,
  ): Promise<void> {
    const { resultCount: expected, bestConfigIds } = claimed;
    const stored = task.resultCount;
    if (expected !== undefined && expected !== stored) {
      throw new DomainError(
        'results.incomplete',
        `${stored} rows are stored, not ${expected}; post the missing ones, then complete again.`,
        { stored, expected },
      );
    }
    if (task.rowSetId === null || bestConfigIds === undefined) return;
    const unknown = await this.unknownOf(db, task.rowSetId, [...new Set(bestConfigIds)]);
    if (unknown.length === 0) return;
    throw new DomainError(
      'results.unknown_config',
      `Best config ${unknown[0]} is not among the task's rows.`,
      { unknown },
    );
  }

  private async unknownOf(
    db: Queryable,
    setId: number,
    configIds: readonly string[],
  ): Promise<string[]> {
    const unknown: string[] = [];
    for (let start = 0; start < configIds.length; start += IDS_A_STATEMENT) {
      const part = configIds.slice(start, start + IDS_A_STATEMENT);
      const { marks, params } = sqlList(part);
      const rows = await db.query<{ config_id: string }>(knownOf(marks), [setId, ...params]);
      const known = new Set(rows.map((row) => row.config_id));
      unknown.push(...part.filter((id) => !known.has(id)));
      if (unknown.length >= IDS_A_STATEMENT) break;
    }
    return unknown.slice(0, IDS_A_STATEMENT);
  }
}

export function knownOf(marks: string): string {
  return `SELECT config_id FROM result_rows WHERE set_id = ? AND config_id IN (${marks})`;
}
