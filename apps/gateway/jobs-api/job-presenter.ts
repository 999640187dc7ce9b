import { ArtifactObjects } from '@foreman/artifacts';
import type { Queryable } from '@foreman/database';
import { JobViews, getJob, type JobEntity, type JobView } from '@foreman/jobs';
import { Injectable } from '@nestjs/common';
import { jobLinks } from '../http/job-links';
import { PublicUrl } from '../http/public-url';
import { ANSWER_INLINE_BYTES } from './answer-budget';
import type { ArtifactObjectDto, JobDto } from './job.dto';

/** Jobs as the contract shows them: the view, its artifact objects, its links. */
@Injectable()
export class JobPresenter {
  constructor(
    private readonly views: JobViews,
    private readonly artifacts: ArtifactObjects,
    private readonly publicUrl: PublicUrl,
  ) {}

  /** @throws `job.not_found` */
  async one(db: Queryable, jobId: string): Promise<JobDto> {
    const [dto] = await this.of(db, [await getJob(db, jobId)]);
    if (dto === undefined) throw new Error('A job has no view');
    return dto;
  }

  /** In the order given; ends early, after one job at least, once there are `mostArtifacts` artifact objects. */
  async of(db: Queryable, jobs: readonly JobEntity[], mostArtifacts = Infinity): Promise<JobDto[]> {
    const dtos: JobDto[] = [];
    let budget = ANSWER_INLINE_BYTES;
    let room = mostArtifacts;
    for (const view of await this.views.of(db, jobs)) {
      const artifacts = await this.artifactsOf(db, view.id, budget);
      budget -= inlineBytes(artifacts);
      room -= artifacts.length;
      dtos.push(this.dto(view, artifacts));
      if (room <= 0) break;
    }
    return dtos;
  }

  /** A job's artifact objects, in the order of `completion` first, then by name. */
  async artifactsOf(
    db: Queryable,
    jobId: string,
    budgetBytes = ANSWER_INLINE_BYTES,
  ): Promise<ArtifactObjectDto[]> {
    const records = await this.artifacts.list(db, jobId);
    return this.artifacts.of(jobId, records, Math.max(0, budgetBytes));
  }

  private dto(view: JobView, artifacts: ArtifactObjectDto[]): JobDto {
    return {
      id: view.id,
      kind: view.kind,
      queue: view.queue,
      status: view.status,
      priority: view.priority,
      metadata: view.metadata,
      progress: view.progress,
      summary: view.summary,
      error: view.error,
      artifacts,
      taskCounts: view.taskCounts,
      stalledTasks: view.stalledTasks,
      resultFolder: view.resultFolder,
      createdAt: view.createdAt,
      startedAt: view.startedAt,
      finalizedAt: view.finalizedAt,
      expiresAt: view.expiresAt,
      links: jobLinks(this.publicUrl.base(), view.id),
    };
  }
}

function inlineBytes(artifacts: readonly ArtifactObjectDto[]): number {
  return artifacts.reduce((sum, artifact) => sum + (artifact.url === null ? artifact.size : 0), 0);
}
