import type { ForemanClient, ResultRow, Task } from '@foreman/client';
import { inOrder } from './direct-results';

/** All rows of a job, by task index and config id. */
export async function allRows(client: ForemanClient, jobId: string): Promise<ResultRow[]> {
  const rows: ResultRow[] = [];
  for await (const row of client.streamResults(jobId)) rows.push(row);
  return inOrder(rows);
}

export async function allTasks(client: ForemanClient, jobId: string): Promise<Task[]> {
  const tasks: Task[] = [];
  for await (const task of client.tasks(jobId)) tasks.push(task);
  return tasks;
}

/** Rows that the gateway has acknowledged so far. */
export async function rowCount(client: ForemanClient, jobId: string): Promise<number> {
  const tasks = await allTasks(client, jobId);
  return tasks.reduce((sum, { resultCount }) => sum + resultCount, 0);
}
