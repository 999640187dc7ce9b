import { Injectable } from '@nestjs/common';
import type { Queryable } from '@foreman/database';

/** What an edge gets as its task's payload. */
@Injectable()
export class Payloads {
  /** The job's payload with the task's fields over it, shallowly. */
  async ofTask(
    db: Queryable,
    task: { readonly id: string; readonly jobId: string },
  ): Promise<Record<string, unknown>> {
    const [row] = await db.query<{ job_body: string | null; task_body: string | null }>(
      `SELECT (SELECT body FROM job_payloads WHERE job_id = ?) AS job_body,
              (SELECT body FROM task_payloads WHERE task_id = ?) AS task_body`,
      [task.jobId, task.id],
    );
    return { ...parse(row?.job_body), ...parse(row?.task_body) };
  }

  /** How many bytes are stored of what `ofTask` would parse: the job's part and the task's. */
  async bytesOf(
    db: Queryable,
    task: { readonly id: string; readonly jobId: string },
  ): Promise<number> {
    const [row] = await db.query<{ job_bytes: number | null; task_bytes: number | null }>(
      `SELECT (SELECT octet_length(body) FROM job_payloads WHERE job_id = ?) AS job_bytes,
              (SELECT octet_length(body) FROM task_payloads WHERE task_id = ?) AS task_bytes`,
      [task.jobId, task.id],
    );
    return Number(row?.job_bytes ?? 0) + Number(row?.task_bytes ?? 0);
  }
}

function parse(body: string | null | undefined): Record<string, unknown> {
  return body ? (JSON.parse(body) as Record<string, unknown>) : {};
}
