import { Entity } from 'typeorm';
import { IdColumn, TextColumn } from '@foreman/database';

/** A job's payload as JSON text, apart from the row that changes: prices can be megabytes. */
@Entity('job_payloads')
export class JobPayloadEntity {
  @IdColumn() jobId!: string;
  @TextColumn() body!: string;
}

/** What a task's payload puts over its job's. */
@Entity('task_payloads')
export class TaskPayloadEntity {
  @IdColumn() taskId!: string;
  @TextColumn() body!: string;
}
