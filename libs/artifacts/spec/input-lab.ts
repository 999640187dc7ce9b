import { buffer } from 'node:stream/consumers';
import { openTestEngine, type TestEngine, type TestLease } from '@foreman/testing';
import type { ArtifactObject } from '../artifact-object';
import { ArtifactsModule } from '../artifacts.module';
import { BlobSweep } from '../blob-sweep';
import { InputHolds } from '../inputs/input-holds';
import { Inputs, type InputUpload, type NewInput } from '../inputs/inputs';
import { TaskInputs } from '../inputs/task-inputs';

/** The largest input of the lab, in bytes. */
export const MAX_BYTES = 1_000_000;
/** The inline limit of the lab, in bytes. */
export const LIMIT = 400;
/** No pause of the scrub is long enough for a timer. */
const UNBOUND = 1e12;

/** Inputs with small limits over the real engine. */
export class InputLab {
  readonly inputs: Inputs;
  readonly taskInputs: TaskInputs;

  private constructor(readonly engine: TestEngine) {
    this.inputs = engine.get(Inputs);
    this.taskInputs = engine.get(TaskInputs);
  }

  static async open(): Promise<InputLab> {
    const publicUrl = 'http://foreman.test';
    return new InputLab(
      await openTestEngine(
        ArtifactsModule.forRoot({
          publicUrl,
          maxBytes: MAX_BYTES,
          inlineLimitBytes: LIMIT,
          scrubBytesPerSecond: UNBOUND,
        }),
      ),
    );
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  create(input: Partial<NewInput> = {}) {
    const command = { contentType: 'text/csv', ...input };
    return this.engine.unitOfWork.run((tx) => this.inputs.create(tx, command));
  }

  put(inputId: string, bytes: Buffer | string, more: Partial<InputUpload> = {}) {
    return this.inputs.put({ inputId, body: pieces(Buffer.from(bytes)), ...more });
  }

  async stored(bytes: Buffer | string = 'a,b', input: Partial<NewInput> = {}) {
    const { id } = await this.create(input);
    return (await this.put(id, bytes)).input;
  }

  look(id: string) {
    return this.inputs.get(this.engine.reads, id);
  }

  remove(id: string): Promise<void> {
    return this.engine.unitOfWork.run((tx) => this.inputs.remove(tx, id));
  }

  /** One bit in the last chunk of the one blob that inputs have is another; again, and it is right. */
  flip(): Promise<void> {
    return this.engine.unitOfWork.run(async (tx) => {
      const [chunk] = await tx.query<{ start_byte: number; blob_key: string; bytes: Buffer }>(
        `SELECT * FROM blob_chunks WHERE blob_key = (SELECT blob_key FROM input_blobs)
         ORDER BY start_byte DESC LIMIT 1`,
      );
      if (chunk === undefined) throw new Error('There is nothing to damage');
      const bytes = Buffer.from(chunk.bytes);
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      await tx.execute('UPDATE blob_chunks SET bytes = ? WHERE blob_key = ? AND start_byte = ?', [
        bytes,
        chunk.blob_key,
        chunk.start_byte,
      ]);
    });
  }

  sweep() {
    return this.engine.get(BlobSweep).runOnce();
  }

  /** What retention does with a job's inputs, in one batch. */
  letGo(jobId: string, limit = 500): Promise<number> {
    const holds = this.engine.get(InputHolds);
    return this.engine.unitOfWork.run((tx) => holds.releaseBatch(tx, [jobId], limit));
  }

  /** As a task's lease tells of them. */
  async told(
    jobId: string,
    taskIndex = 0,
    budget: number | null = null,
  ): Promise<ArtifactObject[]> {
    const [task] = await this.engine.reads.query<{ id: string; has_inputs: number }>(
      'SELECT id, has_inputs FROM tasks WHERE job_id = ? AND task_index = ?',
      [jobId, taskIndex],
    );
    if (task === undefined) throw new Error('There is no such task');
    const known = { id: task.id, jobId, hasInputs: task.has_inputs === 1 };
    return this.taskInputs.describe(this.engine.reads, known, budget);
  }

  /** As the holder of the lease gets them. */
  async fetched(lease: TestLease, name: string): Promise<Buffer> {
    return buffer(this.taskInputs.open(await this.taskInputs.get(lease, name)));
  }

  async count(table: string): Promise<number> {
    const [row] = await this.engine.reads.query<{ n: number }>(
      `SELECT count(*) AS n FROM ${table}`,
    );
    return Number(row?.n);
  }
}

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += 50_000) {
    yield bytes.subarray(start, start + 50_000);
  }
}
