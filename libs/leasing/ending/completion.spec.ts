import { createHash } from 'node:crypto';
import { ArtifactReads, ArtifactUploads } from '@foreman/artifacts';
import { JobEvents } from '@foreman/jobs';
import { ResultIngestion } from '@foreman/results';
import type { EdgePrincipal } from '@foreman/edges';
import { HandBack } from './hand-back';
import { LateWrites } from '../late-writes/late-writes';
import type { LeasedTask } from '../lease-request';
import { LeasingLab } from '../spec/leasing-lab';

describe('completion', () => {
  let lab: LeasingLab;
  let edge: EdgePrincipal;

  beforeEach(async () => {
    lab = await LeasingLab.open();
    edge = lab.edge();
  });
  afterEach(() => lab.close());

  const post = ({ task, leaseToken }: LeasedTask, ...configIds: string[]) =>
    lab.engine.get(ResultIngestion).postRows({
      taskId: task.id,
      edgeId: edge.edgeId,
      leaseToken,
      rows: configIds.map((configId) => ({ configId, config: {}, metrics: { m: 1 } })),
    });

  const upload = async ({ task, leaseToken }: LeasedTask, name: string, text: string) => {
    await lab.engine.get(ArtifactUploads).put({
      taskId: task.id,
      edgeId: edge.edgeId,
      leaseToken,
      name,
      contentType: 'text/plain',
      body: (async function* () {
        yield Buffer.from(text);
      })(),
    });
    return createHash('sha256').update(text).digest('hex');
  };

  const names = async (jobId: string) =>
    (await lab.engine.get(ArtifactReads).list(lab.engine.reads, jobId)).map(({ name }) => name);

  it('finalizes task and job, publishes, and tells, in one transaction (invariant 4)', async () => {
    const job = await lab.submit();
    const leased = await lab.leaseOne(edge);
    await post(leased, 'a', 'b');
    const sha256 = await upload(leased, 'log.txt', 'it went well');
    expect(await names(job.id)).toEqual([]);
    const before = await lab.snapshot();

    // The last thing that a completion does is to write its event: let that fail.
    let isBroken = true;
    lab.engine.get(JobEvents).subscribe(async () => {
      if (isBroken) throw new Error('no event');
    });
    const command = {
      bestConfigIds: ['a'],
      resultCount: 2,
      artifacts: [{ name: 'log.txt', sha256 }],
    };
    await expect(lab.complete(edge, leased, command)).rejects.toThrow('no event');
    expect(await lab.snapshot()).toBe(before);

    isBroken = false;
    expect(await lab.complete(edge, leased, command)).toMatchObject({ jobStatus: 'completed' });
    expect(await names(job.id)).toEqual(['completion', 'log.txt']);
    expect(await lab.job(job.id)).toMatchObject({
      status: 'completed',
      summary: { bestConfigIds: ['a'] },
      expiresAt: lab.clock.now() + 604_800_000,
    });
    expect(await lab.eventTypes(job.id)).toEqual([
      'job.created',
      'task.leased',
      'job.started',
      'task.completed',
      'job.completed',
    ]);
  });

  it('repeated, does nothing and answers the same, the next lease included', async () => {
    await lab.submit({ tasks: [{}, {}, {}] });
    const leased = await lab.leaseOne(edge);
    const first = await lab.complete(edge, leased, { wantsNext: true });
    const before = await lab.snapshot();
    const again = await lab.complete(edge, leased, { wantsNext: true });
    expect(again.next?.leaseToken).toBe(first.next?.leaseToken);
    expect(await lab.snapshot()).toBe(before);

    await lab.complete(edge, first.next!, {});
    expect((await lab.complete(edge, leased, { wantsNext: true })).next).toBeNull();
    expect(await lab.lease(edge)).toHaveLength(1);
  });

  it('repeated when there was nothing next, leases nothing that came since', async () => {
    await lab.submit();
    const leased = await lab.leaseOne(edge);
    expect((await lab.complete(edge, leased, { wantsNext: true })).next).toBeNull();
    await lab.submit();
    expect((await lab.complete(edge, leased, { wantsNext: true })).next).toBeNull();
    expect(await lab.lease(edge)).toHaveLength(1);
  });

  it.each([
    ['too many rows', { resultCount: 1 }, 'results.incomplete', { stored: 2, expected: 1 }],
    ['too few rows', { resultCount: 3 }, 'results.incomplete', { stored: 2, expected: 3 }],
    ['an unknown best id', { bestConfigIds: ['z'] }, 'results.unknown_config', {}],
    [
      'a digest that is not staged',
      { artifacts: [{ name: 'log.txt', sha256: '0'.repeat(64) }] },
      'artifact.incomplete',
      {},
    ],
    [
      'a name both staged and inline',
      { artifacts: [{ name: 'log.txt', contentType: 'text/plain', inline: 'x' }] },
      'artifact.conflict',
      {},
    ],
    [
      'a bad name',
      { artifacts: [{ name: '../x', contentType: 'text/plain', inline: 'x' }] },
      'request.invalid',
      {},
    ],
  ])('is refused for %s, and changes nothing', async (_what, command, code, details) => {
    await lab.submit();
    const leased = await lab.leaseOne(edge);
    await post(leased, 'a', 'b');
    await upload(leased, 'log.txt', 'text');
    const before = await lab.snapshot();
    await expect(lab.complete(edge, leased, command)).rejects.toMatchObject({ code, details });
    const after = await lab.snapshot();
    expect(after).toBe(before);
  });

  it('starts a new attempt without the rows and artifacts of the last one', async () => {
    const job = await lab.submit();
    const first = await lab.leaseOne(edge);
    await post(first, 'old');
    await upload(first, 'old.txt', 'old');
    await lab.release(edge, first);
    const second = await lab.leaseOne(edge);
    expect(second.task).toMatchObject({ resultCount: 0, attempt: 2 });
    await post(second, 'new');
    await lab.complete(edge, second, { resultCount: 1, bestConfigIds: ['new'] });
    expect(await names(job.id)).toEqual(['completion']);
  });

  it('keeps what an expired lease staged for its revival, and discards it with the next lease', async () => {
    await lab.submit();
    const first = await lab.leaseOne(edge);
    await upload(first, 'old.txt', 'old');
    lab.clock.advance(60_001);
    await lab.sweep();
    const staged = () =>
      lab.engine.reads.query(`SELECT name FROM artifacts WHERE state = 'staged'`);
    expect(await staged()).toEqual([{ name: 'old.txt' }]);
    lab.clock.advance(400_000);
    await lab.leaseOne(edge);
    expect(await staged()).toEqual([]);
  });

  it('adopts the rows of earlier attempts for a poll that resumes', async () => {
    await lab.submit();
    const first = await lab.leaseOne(edge);
    await post(first, 'a', 'b');
    await lab.release(edge, first);
    const second = await lab.leaseOne(edge, { isResuming: true });
    expect(second.resume).toMatchObject({ resultCount: 2 });
    await post(second, 'b', 'c');
    await lab.complete(edge, second, { resultCount: 3, bestConfigIds: ['a'] });
  });

  it('adopts them for the kinds that the poll names, and none for others', async () => {
    edge = lab.edge({ kinds: ['test', 'other'] });
    for (const kind of ['test', 'other']) {
      await lab.submit({ kind });
      const first = await lab.leaseOne(edge);
      await post(first, 'a', 'b');
      await lab.release(edge, first);
      const second = await lab.leaseOne(edge, { resumeKinds: ['test'] });
      const isAdopted = kind === 'test';
      expect(second.resume?.resultCount).toBe(isAdopted ? 2 : undefined);
      await lab.complete(edge, second, { resultCount: isAdopted ? 2 : 0 });
    }
  });

  it('a final failure publishes what it is to keep before its event; another discards it', async () => {
    const job = await lab.submit({ maxAttempts: 2 });
    const atTheEvent: string[][] = [];
    lab.engine.get(JobEvents).subscribe(async (tx, event) => {
      if (event.type !== 'job.failed') return;
      const records = await lab.engine.get(ArtifactReads).list(tx, event.jobId);
      atTheEvent.push(records.map(({ name }) => name));
    });
    const fail = async (leased: LeasedTask) => {
      await upload(leased, 'log.txt', 'it went wrong');
      await lab.engine.get(HandBack).fail(edge.edgeId, {
        taskId: leased.task.id,
        leaseToken: leased.leaseToken,
        code: 'x',
        message: 'y',
        isRetryable: true,
        retryAfterSeconds: 0,
        keepsArtifacts: true,
      });
    };
    await fail(await lab.leaseOne(edge));
    expect(await names(job.id)).toEqual([]);
    await fail(await lab.leaseOne(edge));
    expect(atTheEvent).toEqual([['log.txt']]);
    expect(await names(job.id)).toEqual(['log.txt']);
  });

  it('a failing task cancels its siblings and fails the job, unless they are to go on', async () => {
    const strict = await lab.submit({ tasks: [{}, {}, {}] });
    const [bad, good] = await lab.lease(edge, { max: 2 });
    await lab.fail(edge, bad!, false);
    expect(await lab.job(strict.id)).toMatchObject({ status: 'failed', errorCode: 'test.failed' });
    await expect(lab.complete(edge, good!)).rejects.toMatchObject({
      code: 'lease.lost',
      details: { task: { status: 'cancelled' } },
    });

    const lenient = await lab.submit({ tasks: [{}, {}], onTaskFailure: 'continue' });
    const [failing, completing] = await lab.lease(edge, { max: 2 });
    await lab.fail(edge, failing!, false);
    expect((await lab.job(lenient.id)).status).toBe('running');
    expect((await lab.complete(edge, completing!)).jobStatus).toBe('failed');
    expect(await names(lenient.id)).toEqual([]);
  });

  describe('too late', () => {
    const late = { call: 'complete', body: { bestConfigIds: ['a'] } } as const;

    const tryLate = async (leased: LeasedTask, body: unknown = late.body) => {
      const lost = await lab.complete(edge, leased).catch((error: unknown) => error);
      const { leaseToken, task } = leased;
      const write = { ...late, body, leaseToken, taskId: task.id, edgeId: edge.edgeId };
      return lab.engine.get(LateWrites).keepIfLost(lost, write);
    };

    it('is kept aside once, and told so', async () => {
      await lab.submit();
      const leased = await lab.leaseOne(edge);
      await lab.release(edge, leased);
      await lab.leaseOne(lab.edge());
      for (let round = 0; round < 2; round += 1) {
        expect(await tryLate(leased)).toMatchObject({
          code: 'lease.lost',
          details: { kept: true, task: { status: 'leased', attempt: 2 } },
        });
      }
      const kept = await lab.engine.reads.query('SELECT call, body, attempt FROM late_writes');
      expect(kept).toEqual([{ call: 'complete', body: JSON.stringify(late.body), attempt: 1 }]);
    });

    it('is not kept when it is too large or there is no room', async () => {
      await lab.submit();
      const leased = await lab.leaseOne(edge);
      await lab.release(edge, leased);
      const keep = async (body: unknown, call: 'results' | 'complete' = 'results') => {
        const lost = await lab.complete(edge, leased).catch((error: unknown) => error);
        const { leaseToken, task } = leased;
        const write = { call, body, leaseToken, taskId: task.id, edgeId: edge.edgeId };
        const told = await lab.engine.get(LateWrites).keepIfLost(lost, write);
        return (told as { details: { kept: boolean } }).details.kept;
      };
      expect(await keep('x'.repeat(1_048_577))).toBe(false);
      for (let n = 0; n < 19; n += 1) expect(await keep({ n })).toBe(true);
      expect(await keep({ n: 19 })).toBe(false);
      expect(await keep({ n: 20 }, 'complete')).toBe(true);
      expect(await keep({ n: 21 }, 'complete')).toBe(false);
    });
  });
});
