import { sha256Hex, type Clock } from '@foreman/kernel';
import type { InputEntry, JobEntry, Ledger } from '../ledger';
import type { ArtifactPlan, JobPlan } from '../plan/job-plan';
import { bytesOf, textOf } from '../plan/planned-bytes';
import type { DeclaredArtifact, EdgeCalls, HeldTask } from './edge-calls';
import type { ServiceCalls } from './service-calls';

/** Enough to be in the middle of, for an upload that its sender breaks off. */
const GIVEN_UP_BYTES = { seed: 'given up', size: 900_000 };

export interface WorkerParts {
  /** Unlike that of any other worker. */
  readonly name: string;
  /** What its jobs are, by their number. */
  readonly planOf: (job: number) => JobPlan;
  /** A kind that only its own edge can run. */
  readonly kind: string;
  readonly edge: EdgeCalls;
  readonly service: ServiceCalls;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Told of bytes that an edge read and that were not what they should be. */
  readonly onFinding: (finding: string) => void;
}

/** Takes one job after another through its life: its service and its edge in one. */
export class Worker {
  private isStopping = false;

  constructor(private readonly parts: WorkerParts) {}

  /** Works until it is stopped; the job that it has is done first. */
  async run(): Promise<void> {
    const { name, planOf, service } = this.parts;
    for (let job = 0; !this.isStopping; job += 1) {
      await this.liveThrough(planOf(job), `${name}-${job}`);
      await service.prune();
    }
  }

  stop(): void {
    this.isStopping = true;
  }

  private async liveThrough(plan: JobPlan, key: string): Promise<void> {
    const { service, ledger, kind } = this.parts;
    const entry = ledger.begin(plan);
    const { input } = entry;
    if (input !== null && plan.input !== null) {
      await this.bring(input, bytesOf(plan.input.bytes), key);
    }
    const { ttlSeconds, tasks } = plan;
    const job = { kind, ttlSeconds, taskCount: tasks.length, inputId: input?.id ?? null };
    entry.jobId = await service.submit(key, job);
    if (plan.isCancelled) await this.cancel(entry, entry.jobId, key);
    else for (const index of tasks.keys()) await this.doTask(entry, `${key}-${index}`);
    if (input?.id && plan.input?.isDeleted) {
      input.isDeleted = true;
      await service.deleteInput(input.id);
    }
  }

  private async bring(input: InputEntry, bytes: Buffer, key: string): Promise<void> {
    const { service, clock } = this.parts;
    input.id = await service.createInput(`input-${key}`);
    input.storage = 'asked';
    input.askedMs = clock.now();
    await service.putInput(input.id, bytes);
    input.storage = 'acknowledged';
  }

  /** While the task is leased and has one artifact staged and half of another sent. */
  private async cancel(entry: JobEntry, jobId: string, key: string): Promise<void> {
    const { edge, service, clock } = this.parts;
    const task = await edge.lease(`${key}-0`);
    const [first] = entry.plan.tasks[task.taskIndex]?.artifacts ?? [];
    if (first !== undefined) await this.give(task, first);
    await edge.giveUp(task, 'given-up', bytesOf(GIVEN_UP_BYTES));
    entry.cancellation = 'asked';
    entry.finalAskedMs = clock.now();
    await service.cancel(jobId);
    entry.cancellation = 'acknowledged';
  }

  private async doTask(entry: JobEntry, key: string): Promise<void> {
    const { edge, clock } = this.parts;
    const task = await edge.lease(key);
    await this.checkInput(entry, task);
    const plan = entry.plan.tasks[task.taskIndex];
    const own = entry.tasks[task.taskIndex];
    if (plan === undefined || own === undefined) throw new Error('A task that nobody submitted');
    const artifacts = await Promise.all(plan.artifacts.map((one) => this.give(task, one)));
    own.completion = 'asked';
    if (entry.tasks.every(({ completion }) => completion !== 'open')) {
      entry.finalAskedMs = clock.now();
    }
    await edge.complete(task, artifacts);
    own.completion = 'acknowledged';
  }

  /** Brings an artifact there; answers how the completion is to name it. */
  private async give(
    task: HeldTask,
    { name, way, replaced, bytes }: ArtifactPlan,
  ): Promise<DeclaredArtifact> {
    if (way === 'inline') return { name, content_type: 'text/plain', inline: textOf(bytes) };
    const { edge } = this.parts;
    const upload = (content: Buffer) =>
      way === 'put' ? edge.upload(task, name, content) : edge.uploadSigned(task, name, content);
    if (replaced !== null) await upload(bytesOf(replaced));
    const content = bytesOf(bytes);
    await upload(content);
    return { name, sha256: sha256Hex(content) };
  }

  private async checkInput({ input }: JobEntry, task: HeldTask): Promise<void> {
    if (input === null) return;
    const read = await this.parts.edge.inputSha256(task, 'it');
    if (read === input.sha256) return;
    this.parts.onFinding(`job ${task.jobId}: its input ${input.id} was read as ${read}`);
  }
}
