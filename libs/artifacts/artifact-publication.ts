import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { JobLifecycle, type JobEntity, type TaskEntity } from '@foreman/jobs';
import { DomainError, IdSource, invalidField, sha256Hex } from '@foreman/kernel';
import { COMPLETION, checkArtifactName, publicName } from './artifact-name';
import { ArtifactEntity } from './artifact.entity';
import { ArtifactStore } from './artifact.store';
import { ArtifactsSettings } from './artifacts.options';
import { BlobRegistry } from './blob-registry';
import { DatabaseBlobStore } from './database-blob-store';
import {
  inlineBytes,
  isStagedReference,
  type DeclaredArtifact,
  type InlineArtifact,
  type StagedReference,
} from './declared-artifact';
import { JobCompletion } from './job-completion';
import { ArtifactLimits } from './limits/artifact-limits';
import type { Usage } from './limits/artifact-usage';
import { SoundBlobs } from './scrub/sound-blobs';

/** What a task's artifacts are made visible with. */
export interface Publication {
  readonly task: Pick<TaskEntity, 'id' | 'jobId' | 'taskIndex'>;
  /** Whether the job has this task alone: then its artifacts' names are the job's. */
  readonly isOnlyTask: boolean;
  /** As the completion names them; staged artifacts that it does not name are published too. */
  readonly declared: readonly DeclaredArtifact[];
  /** Only what this lease staged is published; anything else of the task goes. */
  readonly leaseToken: string;
  /** Epoch ms. */
  readonly now: number;
}

/** Makes staged artifacts visible, or lets them go, inside the transaction that ends a lease. */
@Injectable()
export class ArtifactPublication implements OnModuleInit {
  constructor(
    private readonly ids: IdSource,
    private readonly artifacts: ArtifactStore,
    private readonly blobs: BlobRegistry,
    private readonly smallBlobs: DatabaseBlobStore,
    private readonly limits: ArtifactLimits,
    private readonly sound: SoundBlobs,
    private readonly settings: ArtifactsSettings,
    private readonly jobCompletion: JobCompletion,
    private readonly jobs: JobLifecycle,
  ) {}

  onModuleInit(): void {
    this.jobs.beforeCompleted(async (tx, job, now) => {
      if (job.taskCount > 1) await this.publishJobCompletion(tx, job, now);
    });
  }

  /**
   * With a task's completion: everything it staged under this lease and everything inline becomes
   * visible. In a job of one task `summary` stands in for a `completion` that the agent did not send.
   * @throws `request.invalid` for a bad name, type or value; `artifact.too_large`;
   * `artifact.incomplete` when a named digest is not what is staged, or when staged bytes, named or not, were found
   * damaged; `artifact.conflict` for a name that is both staged and inline.
   */
  async publish(tx: Tx, publication: Publication, summary: unknown): Promise<void> {
    const { task, isOnlyTask, declared, now } = publication;
    checkDeclared(declared);
    const staged = await this.stagedOfLease(tx, publication);
    const stagedNames = new Map(staged.map((artifact) => [artifact.name, artifact]));
    for (const artifact of declared) {
      const found = stagedNames.get(artifact.name);
      if (isStagedReference(artifact)) assertStaged(artifact, found);
      else if (found !== undefined) throw conflict(artifact.name);
    }
    // The edge still has them: it can send them again. Published, they would answer 500 for ever.
    const [damaged] = (await this.damagedOf(tx, task.id, staged)).values();
    if (damaged !== undefined) throw damagedWhileStaged(damaged);
    await this.publishAll(tx, publication, staged);
    await this.publishInline(tx, publication, usageOf(staged));
    const names = new Set([...stagedNames.keys(), ...declared.map(({ name }) => name)]);
    if (!isOnlyTask && !names.has(COMPLETION)) {
      // What a failure of an earlier run kept is not what this completion says.
      const stale = publicName(isOnlyTask, task.taskIndex, COMPLETION);
      await this.artifacts.retire(tx, task.jobId, stale, now);
    }
    if (isOnlyTask && !names.has(COMPLETION)) {
      const bytes = Buffer.from(JSON.stringify(summary ?? null));
      await this.publishBytes(tx, { task, isOnlyTask, now }, COMPLETION, 'application/json', bytes);
    }
  }

  /**
   * With a final failure that keeps its artifacts: what was staged under this lease becomes visible. What was found
   * damaged goes instead: a failure is not refused for a log that nobody can read any more.
   */
  async publishStaged(tx: Tx, publication: Omit<Publication, 'declared'>): Promise<void> {
    const staged = await this.stagedOfLease(tx, publication);
    const damaged = await this.damagedOf(tx, publication.task.id, staged);
    for (const artifact of damaged) await this.artifacts.remove(tx, artifact, publication.now);
    const sound = staged.filter((artifact) => !damaged.has(artifact));
    await this.publishAll(tx, publication, sound);
  }

  /** Lets a task's staged artifacts go: at a new lease, a hand-back, a final failure. */
  async discardStaged(tx: Tx, taskId: string, now: number): Promise<void> {
    for (const staged of await this.artifacts.staged(tx, taskId)) {
      await this.artifacts.remove(tx, staged, now);
    }
  }

  /**
   * Writes Foreman's own `completion` of a job of many tasks, from what they have published. Called
   * by itself before such a job's `job.completed`.
   */
  async publishJobCompletion(
    tx: Tx,
    job: Pick<JobEntity, 'id' | 'taskCount'>,
    now: number,
  ): Promise<void> {
    const bytes = await this.jobCompletion.compose(tx, job.id, job.taskCount);
    const owner = { task: { id: null, jobId: job.id, taskIndex: 0 }, isOnlyTask: true, now };
    await this.publishBytes(tx, owner, COMPLETION, 'application/json', bytes);
  }

  /** What was staged had its room then; what comes along now must find some. */
  private async publishInline(tx: Tx, publication: Publication, staged: Usage): Promise<void> {
    const inline = publication.declared.filter(
      (artifact): artifact is InlineArtifact => !isStagedReference(artifact),
    );
    if (inline.length === 0) return;
    let { bytes: total } = staged;
    for (const artifact of inline) {
      const bytes = inlineBytes(artifact, this.settings.maxBytes);
      total += bytes.length;
      await this.publishBytes(tx, publication, artifact.name, artifact.contentType, bytes);
    }
    const usage = { count: staged.count + inline.length, bytes: total };
    await this.limits.assertPublished(tx, publication.task.jobId, usage);
  }

  private async stagedOfLease(
    tx: Tx,
    publication: Pick<Publication, 'task' | 'leaseToken' | 'now'>,
  ): Promise<ArtifactEntity[]> {
    const staged = await this.artifacts.staged(tx, publication.task.id);
    const isOfLease = (artifact: ArtifactEntity) => artifact.leaseToken === publication.leaseToken;
    for (const stranger of staged.filter((artifact) => !isOfLease(artifact))) {
      await this.artifacts.remove(tx, stranger, publication.now);
    }
    return staged.filter(isOfLease);
  }

  private async damagedOf(
    tx: Tx,
    taskId: string,
    staged: readonly ArtifactEntity[],
  ): Promise<ReadonlySet<ArtifactEntity>> {
    if (staged.length === 0) return new Set();
    const marked = await this.sound.markedOfStaged(tx, taskId);
    return new Set(staged.filter(({ name }) => marked.has(name)));
  }

  private async publishAll(
    tx: Tx,
    publication: Pick<Publication, 'task' | 'isOnlyTask' | 'now'>,
    staged: readonly ArtifactEntity[],
  ): Promise<void> {
    const { task, isOnlyTask, now } = publication;
    for (const artifact of staged) {
      const name = publicName(isOnlyTask, task.taskIndex, artifact.name);
      await this.artifacts.publish(tx, artifact, name, now);
    }
  }

  private async publishBytes(
    tx: Tx,
    owner: {
      readonly task: { readonly id: string | null; jobId: string; taskIndex: number };
      readonly isOnlyTask: boolean;
      readonly now: number;
    },
    name: string,
    contentType: string,
    bytes: Buffer,
  ): Promise<void> {
    const { task, isOnlyTask, now } = owner;
    const blobKey = this.ids.uuid();
    await this.blobs.add(tx, blobKey, bytes.length, now);
    await this.smallBlobs.writeIn(tx, blobKey, bytes);
    const artifact = {
      jobId: task.jobId,
      taskId: task.id,
      name: publicName(isOnlyTask, task.taskIndex, name),
      contentType,
      size: bytes.length,
      sha256: sha256Hex(bytes),
      blobKey,
    };
    await this.artifacts.insertPublished(tx, artifact, now);
  }
}

function usageOf(artifacts: readonly ArtifactEntity[]): Usage {
  return {
    count: artifacts.length,
    bytes: artifacts.reduce((sum, { size }) => sum + size, 0),
  };
}

function checkDeclared(declared: readonly DeclaredArtifact[]): void {
  const names = new Set<string>();
  for (const [index, { name }] of declared.entries()) {
    checkArtifactName(name, `artifacts.${index}.name`);
    if (names.has(name)) throw invalidField(`artifacts.${index}.name`, 'is named twice');
    names.add(name);
  }
}

function assertStaged(reference: StagedReference, staged: ArtifactEntity | undefined): void {
  if (staged?.sha256 === reference.sha256.toLowerCase()) return;
  throw new DomainError(
    'artifact.incomplete',
    `Artifact ${reference.name} is not staged with that digest; upload it, then complete again.`,
    { name: reference.name, sha256: reference.sha256, staged: staged?.sha256 ?? null },
  );
}

function damagedWhileStaged({ name, sha256 }: ArtifactEntity): DomainError {
  return new DomainError(
    'artifact.incomplete',
    `The staged bytes of artifact ${name} are damaged; upload them again, then complete again.`,
    { name, sha256, staged: null },
  );
}

function conflict(name: string): DomainError {
  return new DomainError('artifact.conflict', `Artifact ${name} is both staged and inline.`, {
    name,
  });
}
