import { Injectable, type OnModuleInit } from '@nestjs/common';
import { sqlList, type SqlValue, type Tx } from '@foreman/database';
import { JobSubmission, type JobInputs } from '@foreman/jobs';
import { DomainError, type FieldError } from '@foreman/kernel';

/** What a refusal tells at most. */
const MAX_FINDINGS = 50;

/** One input, and where in the request it is named. */
interface Naming {
  readonly inputId: string;
  readonly path: string;
}

/**
 * Keeps inputs as long as jobs name them. How many do is counted in the input's own row: taking hold and
 * deleting are guarded updates of that one row, so that whichever comes second sees the other.
 */
@Injectable()
export class InputHolds implements OnModuleInit {
  constructor(private readonly submission: JobSubmission) {}

  onModuleInit(): void {
    this.submission.holdInputsBy((tx, named, now) => this.hold(tx, named, now));
  }

  /** Of all that a new job names. @throws `request.invalid` naming each that cannot be had. */
  async hold(tx: Tx, named: JobInputs, now: number): Promise<void> {
    const missing: FieldError[] = [];
    for (const [inputId, namings] of byInput(namingsOf(named))) {
      const held = await tx.execute(HOLD, [namings.length, inputId, now]);
      if (held > 0) continue;
      for (const { path } of namings) missing.push({ path, message: MISSING });
    }
    const [first] = missing;
    if (first !== undefined) {
      const errors = missing.slice(0, MAX_FINDINGS);
      throw new DomainError('request.invalid', `${first.path} ${first.message}`, { errors });
    }
    for (const { name, inputId } of named.inputs) {
      await tx.insert('job_inputs', { job_id: named.jobId, name, input_id: inputId });
    }
    for (const { taskId, inputs } of named.tasks) {
      for (const { name, inputId } of inputs) {
        await tx.insert('task_inputs', { task_id: taskId, name, input_id: inputId });
      }
    }
  }

  /**
   * Lets go at most `limit` of what these jobs and their tasks hold; fewer than `limit` says that
   * nothing is left. What nobody holds any more goes with the next sweep, once its time is over.
   */
  async releaseBatch(tx: Tx, jobIds: readonly string[], limit: number): Promise<number> {
    const { marks, params } = sqlList(jobIds);
    const ofJobs = await drop(tx, DROP_OF_JOBS(marks), [...params, limit]);
    const rest = limit - ofJobs.length;
    const ofTasks = rest > 0 ? await drop(tx, DROP_OF_TASKS(marks), [...params, rest]) : [];
    const dropped = [...ofJobs, ...ofTasks];
    for (const [inputId, namings] of byInput(dropped)) {
      await tx.execute('UPDATE inputs SET holds = holds - ? WHERE id = ?', [
        namings.length,
        inputId,
      ]);
    }
    return dropped.length;
  }
}

const MISSING = 'names no input that is stored: it is unknown, has no bytes yet, or has expired';

function namingsOf({ inputs, tasks }: JobInputs): Naming[] {
  const pathsOf = (prefix: string, list: JobInputs['inputs']) =>
    list.map(({ inputId }, index) => ({ inputId, path: `${prefix}inputs.${index}.inputId` }));
  return [
    ...pathsOf('', inputs),
    ...tasks.flatMap((task) => pathsOf(`tasks.${task.taskIndex}.`, task.inputs)),
  ];
}

/** In one order for all, so that no two writers wait for each other. */
function byInput<T extends { readonly inputId: string }>(namings: readonly T[]): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const naming of namings) {
    const group = groups.get(naming.inputId);
    if (group === undefined) groups.set(naming.inputId, [naming]);
    else group.push(naming);
  }
  return [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

async function drop(
  tx: Tx,
  sql: string,
  params: readonly SqlValue[],
): Promise<{ inputId: string }[]> {
  const rows = await tx.query<{ input_id: string }>(sql, params);
  return rows.map((row) => ({ inputId: row.input_id }));
}

/** One that another job holds already has not expired, whatever its time. */
const HOLD = `
  UPDATE inputs SET holds = holds + ?
  WHERE id = ? AND stored_at IS NOT NULL AND hidden_at IS NULL AND (holds > 0 OR expires_at > ?)`;

export const DROP_OF_JOBS = (marks: string) => `
  DELETE FROM job_inputs WHERE (job_id, name) IN
    (SELECT job_id, name FROM job_inputs WHERE job_id IN (${marks}) LIMIT ?)
  RETURNING input_id`;

export const DROP_OF_TASKS = (marks: string) => `
  DELETE FROM task_inputs WHERE (task_id, name) IN
    (SELECT task_id, name FROM task_inputs
     WHERE task_id IN (SELECT id FROM tasks WHERE job_id IN (${marks})) LIMIT ?)
  RETURNING input_id`;
