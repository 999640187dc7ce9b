import { ArtifactUploads } from '@foreman/artifacts';
import { Heartbeats } from '@foreman/progress';
import { ResultIngestion } from '@foreman/results';
import type { EdgePrincipal } from '@foreman/edges';
import type { LeasedTask } from './lease-request';
import { LeasingLab } from './spec/leasing-lab';

/** Invariant 1: a write with any but the live lease token changes nothing. */
describe('the fence', () => {
  let lab: LeasingLab;
  let holder: EdgePrincipal;
  let taker: EdgePrincipal;
  let stale: LeasedTask;
  let live: LeasedTask;

  beforeEach(async () => {
    lab = await LeasingLab.open();
    await lab.submit();
    holder = lab.edge();
    stale = await lab.leaseOne(holder);
    await lab.release(holder, stale);
    taker = lab.edge();
    live = await lab.leaseOne(taker);
  });
  afterEach(() => lab.close());

  async function* bytes() {
    yield Buffer.from('late');
  }

  const CALLS: Record<string, (edge: EdgePrincipal, leased: LeasedTask) => Promise<unknown>> = {
    heartbeat: (edge, { task, leaseToken }) =>
      lab.engine.get(Heartbeats).beat(edge.edgeId, { taskId: task.id, leaseToken, processed: 9 }),
    rows: (edge, { task, leaseToken }) =>
      lab.engine.get(ResultIngestion).postRows({
        taskId: task.id,
        edgeId: edge.edgeId,
        leaseToken,
        rows: [{ configId: 'a', config: {}, metrics: {} }],
      }),
    artifact: (edge, { task, leaseToken }) =>
      lab.engine.get(ArtifactUploads).put({
        taskId: task.id,
        edgeId: edge.edgeId,
        leaseToken,
        name: 'late.txt',
        contentType: 'text/plain',
        body: bytes(),
      }),
    complete: (edge, leased) => lab.complete(edge, leased),
    fail: (edge, leased) => lab.fail(edge, leased),
  };

  it.each(Object.keys(CALLS))('%s under a lease that is over changes nothing', async (call) => {
    const before = await lab.snapshot();
    await expect(CALLS[call]!(holder, stale)).rejects.toMatchObject({
      code: 'lease.lost',
      details: { task: { id: live.task.id, status: 'leased', attempt: 2 } },
    });
    expect(await lab.snapshot()).toBe(before);
  });

  it.each(Object.keys(CALLS))('%s under an older lease of the same edge, too', async (call) => {
    await lab.release(taker, live);
    await lab.leaseOne(holder);
    const before = await lab.snapshot();
    await expect(CALLS[call]!(holder, stale)).rejects.toMatchObject({
      code: 'lease.lost',
      details: { task: { attempt: 3 } },
    });
    expect(await lab.snapshot()).toBe(before);
  });

  it.each(Object.keys(CALLS))('%s by an edge that never held the task: not found', async (call) => {
    const before = await lab.snapshot();
    const stranger = lab.edge();
    await expect(CALLS[call]!(stranger, live)).rejects.toMatchObject({ code: 'task.not_found' });
    expect(await lab.snapshot()).toBe(before);
  });

  it.each(Object.keys(CALLS))('%s with a token that never was changes nothing', async (call) => {
    const before = await lab.snapshot();
    const forged = { ...stale, leaseToken: 'forged' };
    await expect(CALLS[call]!(holder, forged)).rejects.toMatchObject({ code: 'lease.lost' });
    expect(await lab.snapshot()).toBe(before);
  });
});
