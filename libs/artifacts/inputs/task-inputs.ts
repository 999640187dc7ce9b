import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { UnitOfWork, type Queryable } from '@foreman/database';
import { LeaseFence, type LeaseClaim, type TaskEntity } from '@foreman/jobs';
import { Clock, DomainError } from '@foreman/kernel';
import type { ArtifactObject } from '../artifact-object';
import { ArtifactObjects, type StoredBytes } from '../artifact-objects';
import { ArtifactsSettings } from '../artifacts.options';
import type { ByteRange } from '../blob-store';
import { SoundBlobs } from '../scrub/sound-blobs';

type Task = Pick<TaskEntity, 'id' | 'jobId' | 'hasInputs'>;

/** What a task's edge reads. */
@Injectable()
export class TaskInputs {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly fence: LeaseFence,
    private readonly objects: ArtifactObjects,
    private readonly sound: SoundBlobs,
    private readonly settings: ArtifactsSettings,
  ) {}

  /**
   * Artifact objects by name: the task's own inputs, and its job's where it has none of that name. What
   * may be inlined is, within `inlineBudgetBytes` for all; nothing is read for a task without inputs.
   */
  async describe(
    db: Queryable,
    task: Task,
    inlineBudgetBytes: number | null,
  ): Promise<ArtifactObject[]> {
    if (!task.hasInputs) return [];
    const rows = await db.query<InputRow>(LIST, [task.id, task.jobId, task.id]);
    return this.objects.describe(rows.map(storedBytes), inlineBudgetBytes, (name) =>
      this.settings.urlAt(`/internal/edges/tasks/${task.id}/inputs/${name}`),
    );
  }

  /**
   * One of them, for the holder of the task's lease, which it extends.
   * @throws `lease.lost`, `task.not_found`, `input.not_found`, `artifact.corrupt`.
   */
  async get(claim: Omit<LeaseClaim, 'now'>, name: string): Promise<StoredBytes> {
    return this.unitOfWork.run(async (tx) => {
      const task = await this.fence.hold(tx, { ...claim, now: this.clock.now() });
      const [row] = await tx.query<InputRow>(FIND, [task.id, name, task.jobId, task.id, name]);
      if (row !== undefined) {
        const input = storedBytes(row);
        if (await this.sound.isMarked(tx, input.blobKey)) throw corrupt(name);
        return input;
      }
      throw new DomainError('input.not_found', `Task ${task.id} has no input of that name.`);
    });
  }

  /**
   * Its bytes; all of them are hashed on the way. The stream fails if they are damaged, which marks them: the next
   * call is refused, so that an edge which resumes is told.
   */
  open(input: StoredBytes, range?: ByteRange): Readable {
    return range === undefined ? this.sound.readVerified(input) : this.sound.read(input, range);
  }

  /**
   * The bytes of a small one at once.
   * @throws `artifact.corrupt` for damaged ones, which are marked; `server.busy` when they were replaced just now.
   */
  async whole(input: StoredBytes): Promise<Buffer> {
    const bytes = await this.sound.whole(input);
    if (bytes === 'damaged') throw corrupt(input.name);
    if (bytes === 'gone') throw replaced();
    return bytes;
  }
}

function corrupt(name: string): DomainError {
  return new DomainError(
    'artifact.corrupt',
    `The stored bytes of input ${name} are damaged: they are not served. Upload the same bytes again, then retry the job.`,
  );
}

function replaced(): DomainError {
  return new DomainError('server.busy', 'The input changed at this moment; fetch it again.', {
    retryAfterSeconds: 1,
  });
}

interface InputRow {
  readonly name: string;
  readonly content_type: string;
  readonly size: number;
  readonly sha256: string;
  readonly blob_key: string;
}

function storedBytes(row: InputRow): StoredBytes {
  return {
    name: row.name,
    contentType: row.content_type,
    size: row.size,
    sha256: row.sha256,
    blobKey: row.blob_key,
  };
}

const OF_TASK = `
  SELECT named.name, inputs.content_type, inputs.size, inputs.sha256, input_blobs.blob_key
  FROM task_inputs AS named
  JOIN inputs ON inputs.id = named.input_id
  JOIN input_blobs ON input_blobs.sha256 = inputs.sha256
  WHERE named.task_id = ?`;

/** Unless the task has one of the same name. */
const OF_JOB = (andName: string) => `
  SELECT named.name, inputs.content_type, inputs.size, inputs.sha256, input_blobs.blob_key
  FROM job_inputs AS named
  JOIN inputs ON inputs.id = named.input_id
  JOIN input_blobs ON input_blobs.sha256 = inputs.sha256
  WHERE named.job_id = ? AND NOT EXISTS
    (SELECT 1 FROM task_inputs WHERE task_id = ? AND name = named.name)${andName}`;

export const LIST = `${OF_TASK} UNION ALL ${OF_JOB('')}`;

export const FIND = `${OF_TASK} AND named.name = ? UNION ALL ${OF_JOB(' AND named.name = ?')}`;
