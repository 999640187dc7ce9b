import { Edges, Enrolments } from '@foreman/edges';
import { Queues } from '@foreman/jobs';
import { isoTime } from '@foreman/kernel';
import { JobExplain } from './job-explain';
import { StalledTasks } from '../time/stalled-tasks';
import { LeasingLab } from '../spec/leasing-lab';

describe('explain', () => {
  let lab: LeasingLab;
  beforeEach(async () => {
    lab = await LeasingLab.open();
  });
  afterEach(() => lab.close());

  const reasons = async (jobId: string) =>
    (await lab.engine.get(JobExplain).explain(lab.engine.reads, jobId)).reasons;
  const codes = async (jobId: string) => (await reasons(jobId)).map(({ code }) => code);

  /** A registered edge that has just called. */
  const register = async (name: string, kinds: string[] = ['test']) => {
    const enrolments = lab.engine.get(Enrolments);
    const { token } = await lab.engine.unitOfWork.run((tx) => enrolments.create(tx, {}));
    const edge = await enrolments.enrol(token, { name, kinds, labels: { gpu: 'true' } });
    await lab.engine.get(Edges).authenticate(edge.token);
    return edge.edgeId;
  };

  it('no_capable_edge: none at all, none of the kind, none with the labels, none that calls', async () => {
    const job = await lab.submit();
    expect(await codes(job.id)).toEqual(['no_capable_edge']);
    await register('one', ['other']);
    expect(await codes(job.id)).toEqual(['no_capable_edge']);
    await register('two');
    expect(await codes(job.id)).toEqual(['edges_busy']);
    const labelled = await lab.submit({ requires: { gpu: 'false' } });
    expect(await codes(labelled.id)).toEqual(['no_capable_edge']);
    lab.clock.advance(150_001);
    expect(await codes(job.id)).toEqual(['no_capable_edge']);
  });

  it('assigned_edge_offline', async () => {
    const edgeId = await register('one');
    await register('two');
    const job = await lab.submit({ assignedEdgeId: edgeId });
    expect(await codes(job.id)).toEqual(['edges_busy']);
    lab.clock.advance(150_001);
    expect(await codes(job.id)).toEqual(['assigned_edge_offline']);
  });

  it('queue_paused', async () => {
    await register('one');
    const job = await lab.submit({ queue: 'night' });
    await lab.engine.get(Queues).pause('night');
    expect(await codes(job.id)).toContain('queue_paused');
  });

  it('not_yet_available', async () => {
    await register('one');
    const job = await lab.submit({ runAt: lab.clock.now() + 1000 });
    expect(await codes(job.id)).toEqual(['not_yet_available']);
  });

  it('draining', async () => {
    const edgeId = await register('one');
    const job = await lab.submit();
    const edges = lab.engine.get(Edges);
    await lab.engine.unitOfWork.run((tx) => edges.change(tx, edgeId, { desired: 'drain' }));
    expect(await codes(job.id)).toEqual(['draining']);
  });

  describe('edges_busy', () => {
    const change = (edgeId: string, fields: Parameters<Edges['change']>[2]) =>
      lab.engine.unitOfWork.run((tx) => lab.engine.get(Edges).change(tx, edgeId, fields));

    it('says whether they have not asked, or hold as many leases as they may', async () => {
      const edgeId = await register('one');
      const job = await lab.submit({ tasks: [{}, {}, {}] });
      await change(edgeId, { maxLeases: 2 });
      const edge = lab.edge({ edgeId, maxLeases: 2 });
      await lab.lease(edge);
      expect(await reasons(job.id)).toMatchObject([
        { code: 'edges_busy', detail: expect.stringContaining('not asked') },
      ]);
      await lab.lease(edge);
      expect(await lab.lease(edge)).toEqual([]);
      expect(await reasons(job.id)).toMatchObject([
        { code: 'edges_busy', detail: expect.stringContaining('maxLeases') },
      ]);
    });

    it('one edge with a lease to spare is enough, one that drains is none', async () => {
      const full = await register('full');
      await change(full, { maxLeases: 1 });
      const job = await lab.submit({ tasks: [{}, {}] });
      await lab.lease(lab.edge({ edgeId: full, maxLeases: 1 }));
      const drained = await register('drained');
      await change(drained, { desired: 'drain' });
      expect((await reasons(job.id))[0]?.detail).toContain('maxLeases');
      await register('free');
      expect((await reasons(job.id))[0]?.detail).toContain('not asked');
    });
  });

  it('task_stalled: which tasks, since when; beside what the others wait for', async () => {
    const tasks = Array.from({ length: 14 }, () => ({}));
    const job = await lab.submit({ tasks, stallSeconds: 300, leaseSeconds: 3600 });
    const since = isoTime(lab.clock.now());
    await lab.lease(lab.edge(), { max: 2 });
    expect(await codes(job.id)).toEqual(['no_capable_edge']);
    lab.clock.advance(301_000);
    await lab.engine.get(StalledTasks).runOnce();
    expect(await reasons(job.id)).toMatchObject([
      { code: 'no_capable_edge' },
      { code: 'task_stalled', detail: expect.stringContaining(`task 1 since ${since}.`) },
    ]);
    await lab.lease(lab.edge(), { max: 12 });
    lab.clock.advance(301_000);
    await lab.engine.get(StalledTasks).runOnce();
    expect(await reasons(job.id)).toMatchObject([
      { code: 'task_stalled', detail: expect.stringMatching(/ task 9 since \S+, 4 more\.$/) },
    ]);
  });

  it('nothing to explain for what runs or is done; an unknown job is not found', async () => {
    const job = await lab.submit();
    const edge = lab.edge();
    const leased = await lab.leaseOne(edge);
    expect(await codes(job.id)).toEqual([]);
    await lab.complete(edge, leased);
    expect(await codes(job.id)).toEqual([]);
    await expect(codes('unknown')).rejects.toMatchObject({ code: 'job.not_found' });
  });
});
