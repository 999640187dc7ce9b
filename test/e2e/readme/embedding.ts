import { AccessModule } from '@foreman/access';
import { ArtifactsModule } from '@foreman/artifacts';
import { DatabaseModule } from '@foreman/database';
import { Edges, EdgesModule } from '@foreman/edges';
import { JobSubmission, JobsModule } from '@foreman/jobs';
import { Completion, Leasing, LeasingModule } from '@foreman/leasing';
import { ProgressModule } from '@foreman/progress';
import { ResultIngestion, ResultsModule } from '@foreman/results';
import { Injectable, Module } from '@nestjs/common';

@Injectable()
export class Research {
  constructor(
    private readonly jobs: JobSubmission,
    private readonly edges: Edges,
    private readonly leasing: Leasing,
    private readonly results: ResultIngestion,
    private readonly completion: Completion,
  ) {}

  /** Durable when it resolves. */
  async submit(upTo: number): Promise<string> {
    const job = await this.jobs.submit({ kind: 'squares', payload: { upTo } });
    return job.id;
  }

  /** One task, leased, worked and completed by method calls; false when there is none. */
  async workOnce(edgeToken: string): Promise<boolean> {
    const edge = await this.edges.authenticate(edgeToken);
    const request = { max: 1, waitSeconds: 0, isResuming: false, idempotency: null };
    const [leased] = (await this.leasing.lease(edge, request)).items;
    if (leased === undefined) return false;
    const lease = { taskId: leased.task.id, edgeId: edge.edgeId, leaseToken: leased.leaseToken };
    const rows = squares(Number(leased.payload['upTo']));
    const { stored } = await this.results.postRows({ ...lease, rows });
    await this.completion.complete(edge, { ...lease, resultCount: stored, wantsNext: false });
    return true;
  }
}

function squares(upTo: number) {
  const numbers = Array.from({ length: upTo }, (_, index) => index + 1);
  return numbers.map((n) => ({ configId: `${n}`, config: { n }, metrics: { square: n * n } }));
}

export function researchModule(file: string) {
  @Module({
    imports: [
      DatabaseModule.forRoot({ file }),
      AccessModule.forRoot(),
      JobsModule.forRoot({ ttlSeconds: 86_400 }),
      EdgesModule.forRoot(),
      ProgressModule.forRoot(),
      ResultsModule.forRoot(),
      ArtifactsModule.forRoot({ publicUrl: 'https://research.example' }),
      LeasingModule.forRoot(),
    ],
    providers: [Research],
  })
  class ResearchModule {}
  return ResearchModule;
}
