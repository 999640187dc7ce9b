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
