import { buffer } from 'node:stream/consumers';
import { ArtifactReads, ArtifactUploads } from '@foreman/artifacts';
import { JobLifecycle } from '@foreman/jobs';
import { HandBack } from './ending/hand-back';
import { LeasingLab } from './spec/leasing-lab';

describe('a later run of a job', () => {
  let lab: LeasingLab;
  beforeEach(async () => {
    lab = await LeasingLab.open();
  });
  afterEach(() => lab.close());

  const again = async (jobId: string) => {
    const jobs = lab.engine.get(JobLifecycle);
    await lab.engine.unitOfWork.run((tx) => jobs.cancel(tx, jobId, lab.clock.now()));
    await lab.engine.unitOfWork.run((tx) => jobs.retry(tx, jobId, lab.clock.now()));
  };

  it('waits for the time that the job was named, and then no longer than its start limit', async () => {
    const job = await lab.submit({ runAt: lab.clock.now() + 86_400_000, startBySeconds: 60 });
    await again(job.id);
    expect(await lab.lease(lab.edge())).toEqual([]);
    lab.clock.advance(86_400_000);
    await again(job.id);
    expect((await lab.leaseOne(lab.edge())).task.jobId).toBe(job.id);

    const late = await lab.submit({ runAt: lab.clock.now() + 1000, startBySeconds: 60 });
    await again(late.id);
    lab.clock.advance(61_000);
    await lab.sweep();
    expect(await lab.job(late.id)).toMatchObject({
      status: 'failed',
      errorCode: 'job.not_started',
    });
  });

  const completionOf = async (jobId: string): Promise<unknown> => {
    const reads = lab.engine.get(ArtifactReads);
    const record = await reads.get(lab.engine.reads, jobId, 'completion');
    return JSON.parse(String(await buffer(reads.open(record))));
  };

  it("does not take what a failed attempt kept for its completed task's completion", async () => {
    const tasks = [{}, {}];
    const job = await lab.submit({ tasks, onTaskFailure: 'continue', maxAttempts: 1 });
    const edge = lab.edge();
    const [failing, good] = await lab.lease(edge, { max: 2 });
    const lease = { taskId: failing!.task.id, leaseToken: failing!.leaseToken };
    for (const name of ['completion', 'log.txt']) {
      await lab.engine.get(ArtifactUploads).put({
        ...lease,
        edgeId: edge.edgeId,
        name,
        contentType: 'text/plain',
        body: (async function* () {
          yield Buffer.from('half done');
        })(),
      });
    }
    await lab.engine.get(HandBack).fail(edge.edgeId, {
      ...lease,
      code: 'x',
      message: 'y',
      isRetryable: false,
      retryAfterSeconds: null,
      keepsArtifacts: true,
    });
    const artifacts = [{ name: 'completion', contentType: 'application/json', inline: 'good' }];
    expect((await lab.complete(edge, good!, { artifacts })).jobStatus).toBe('failed');

    await lab.engine.unitOfWork.run((tx) =>
      lab.engine.get(JobLifecycle).retry(tx, job.id, lab.clock.now()),
    );
    expect((await lab.complete(edge, await lab.leaseOne(edge))).jobStatus).toBe('completed');
    expect(await completionOf(job.id)).toEqual({ tasks: [null, 'good'] });
    const shown = await lab.engine.get(ArtifactReads).list(lab.engine.reads, job.id);
    expect(shown.map(({ name }) => name)).toEqual(['completion', '0.log.txt', '1.completion']);
  });
});
