import { Injectable } from '@nestjs/common';
import type { Queryable } from '@foreman/database';
import { DomainError } from '@foreman/kernel';
import { ArtifactsSettings } from '../artifacts.options';
import { usageBeside, usageOfJob, type StagingPlace, type Usage } from './artifact-usage';
import { artifactLimit, type SizeLimit } from './size-limit';

/** A limit on what a task or a job has together, and its settings. */
interface SharedLimit {
  readonly whose: 'task' | 'job';
  readonly maxCount: number;
  readonly maxBytes: number;
}

/**
 * How many artifacts a task and a job may have, and how many bytes together: by the counts that are kept of them,
 * so that an upload costs the same whatever its job has. A task's limit holds to the byte:
 * who asks in the transaction that records has its row by the lease. On a database with many writers, tasks of
 * one job that record at the same instant may pass its limit by one artifact each.
 */
@Injectable()
export class ArtifactLimits {
  private readonly ofTask: SharedLimit;
  private readonly ofJob: SharedLimit;

  constructor(private readonly settings: ArtifactsSettings) {
    const { taskMaxCount, taskMaxBytes, jobMaxCount, jobMaxBytes } = settings;
    this.ofTask = { whose: 'task', maxCount: taskMaxCount, maxBytes: taskMaxBytes };
    this.ofJob = { whose: 'job', maxCount: jobMaxCount, maxBytes: jobMaxBytes };
  }

  /** How many bytes may be staged there. @throws `artifact.too_large` when not even an empty artifact may be. */
  async room(db: Queryable, place: StagingPlace): Promise<SizeLimit> {
    const beside = await usageBeside(db, place);
    const limits = [
      artifactLimit(this.settings.maxBytes),
      roomBeside(this.ofTask, beside.task),
      roomBeside(this.ofJob, beside.job),
    ];
    return limits.reduce((least, limit) => (limit.bytes < least.bytes ? limit : least));
  }

  /** @throws `artifact.too_large` unless so many bytes may be staged there. */
  async assertRoom(db: Queryable, place: StagingPlace, bytes: number): Promise<void> {
    const { bytes: most, refusal } = await this.room(db, place);
    if (bytes > most) throw refusal();
  }

  /** For a completion that brings artifacts along, once they are recorded. @throws `artifact.too_large` */
  async assertPublished(db: Queryable, jobId: string, ofTask: Usage): Promise<void> {
    const published = [
      [this.ofTask, ofTask],
      [this.ofJob, await usageOfJob(db, jobId)],
    ] as const;
    for (const [limit, usage] of published) {
      if (usage.count > limit.maxCount) throw tooMany(limit);
      if (usage.bytes > limit.maxBytes) throw tooLargeTogether(limit);
    }
  }
}

function roomBeside(limit: SharedLimit, beside: Usage): SizeLimit {
  if (beside.count >= limit.maxCount) throw tooMany(limit);
  return {
    bytes: Math.max(0, limit.maxBytes - beside.bytes),
    refusal: () => tooLargeTogether(limit),
  };
}

function tooLargeTogether({ whose, maxBytes }: SharedLimit): DomainError {
  return new DomainError(
    'artifact.too_large',
    `The artifacts of a ${whose} may have at most ${maxBytes} bytes together (${settingOf(whose)}_BYTES).`,
    { limitBytes: maxBytes },
  );
}

/** The same code: for the sender it is the same refusal, which no repeat mends. */
function tooMany({ whose, maxCount }: SharedLimit): DomainError {
  return new DomainError(
    'artifact.too_large',
    `A ${whose} may have at most ${maxCount} artifacts (${settingOf(whose)}_COUNT).`,
    { limitCount: maxCount },
  );
}

function settingOf(whose: SharedLimit['whose']): string {
  return `FOREMAN_${whose.toUpperCase()}_ARTIFACTS_MAX`;
}
