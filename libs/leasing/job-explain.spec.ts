import { Edges, Enrolments } from '@foreman/edges';
import { Queues } from '@foreman/jobs';
import { JobExplain } from './job-explain';
import { LeasingLab } from './spec/leasing-lab';

describe('explain', () => {
  let lab: LeasingLab;
  beforeEach(async () => {
    lab = await LeasingLab.open();
  });
  afterEach(() => lab.close());

  const codes = async (jobId: string) => {
    const { reasons } = await lab.engine.get(JobExplain).explain(lab.engine.reads, jobId);
    return reasons.map(({ code }) => code);
  };

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
