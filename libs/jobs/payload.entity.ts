import { Entity, PrimaryColumn } from 'typeorm';
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

/** A label, as `name=value`, that an edge must have to lease the task. */
@Entity('task_requirements')
export class TaskRequirementEntity {
  @PrimaryColumn({ type: 'text' }) taskId!: string;
  @PrimaryColumn({ type: 'text' }) label!: string;
}
