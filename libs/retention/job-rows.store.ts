import { Injectable } from '@nestjs/common';
import { sqlList, type Tx } from '@foreman/database';

interface RemovedTable {
  readonly table: string;
  /** Its primary key, for deleting a bounded number of rows. */
  readonly key: string;
  /** Which rows are of a job; `%` stands for the list of jobs. */
  readonly where: string;
}

const OF_TASKS = 'task_id IN (SELECT id FROM tasks WHERE job_id IN (%))';
const OF_JOBS = 'job_id IN (%)';
const HELD_BY_EDGES = `(edge_id, created_at, job_id) IN (
  SELECT attempts.edge_id, tasks.created_at, tasks.job_id
  FROM tasks JOIN attempts ON attempts.task_id = tasks.id WHERE tasks.job_id IN (%))`;

/** Children before the rows that they refer to; the job itself last, so that an interrupted removal is found again. */
const TABLES: readonly RemovedTable[] = [
  { table: 'late_writes', key: 'id', where: OF_JOBS },
  { table: 'events', key: 'position', where: OF_JOBS },
  { table: 'edge_jobs', key: 'edge_id, created_at, job_id', where: HELD_BY_EDGES },
  { table: 'lease_keys', key: 'task_id, attempt, call, idempotency_key', where: OF_TASKS },
  { table: 'attempts', key: 'task_id, number', where: OF_TASKS },
  { table: 'task_payloads', key: 'task_id', where: OF_TASKS },
  { table: 'tasks', key: 'id', where: OF_JOBS },
  { table: 'job_payloads', key: 'job_id', where: OF_JOBS },
  { table: 'jobs', key: 'id', where: 'id IN (%) AND hidden_at IS NOT NULL' },
];

/** The rows that a job leaves in the tables of jobs and leases. */
@Injectable()
export class JobRowsStore {
  /** Deletes at most `limit` rows of these jobs; fewer than `limit` says that the jobs are gone. */
  async removeBatch(tx: Tx, jobIds: readonly string[], limit: number): Promise<number> {
    const { marks, params } = sqlList(jobIds);
    let removed = 0;
    for (const table of TABLES) {
      removed += await tx.execute(deleteOf(table, marks), [...params, limit - removed]);
      if (removed >= limit) return removed;
    }
    return removed;
  }
}

function deleteOf({ table, key, where }: RemovedTable, marks: string): string {
  const rows = `SELECT ${key} FROM ${table} WHERE ${where.replace('%', marks)} LIMIT ?`;
  return `DELETE FROM ${table} WHERE (${key}) IN (${rows})`;
}

/** For tests that hold the plans against the indexes. */
export const REMOVAL_STATEMENTS = TABLES.map((table) => deleteOf(table, '?, ?'));
