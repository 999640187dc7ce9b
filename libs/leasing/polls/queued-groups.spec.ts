import { claimGroupOf } from '@foreman/jobs';
import {
  edgesStatement,
  edgesWithTasks,
  queuedGroups,
  queuedGroupsStatement,
} from './queued-groups';
import { LeasingLab } from '../spec/leasing-lab';

describe('queued groups', () => {
  let lab: LeasingLab;
  beforeEach(async () => {
    lab = await LeasingLab.open();
  });
  afterEach(() => lab.close());

  const question = { kind: 'test', queue: 'night', edgeId: null, after: null, limit: 2 };
  const group = (requires: Record<string, string> | null = null) =>
    claimGroupOf({ kind: 'test', queue: 'night', requires });

  it('are those of one kind and queue, with no more tasks counted than asked for', async () => {
    await lab.submit({ queue: 'night', tasks: [{}, {}, {}] });
    await lab.submit({ queue: 'night', requires: { gpu: 'yes' } });
    await lab.submit({ queue: 'night', kind: 'test2' });
    await lab.submit({ queue: 'nights' });
    await lab.submit({ queue: 'night', runAt: lab.clock.now() + 1000 });
    const reads = lab.engine.reads;
    expect(await queuedGroups(reads, question)).toEqual([
      { text: group(), count: 2 },
      { text: group({ gpu: 'yes' }), count: 1 },
    ]);
    expect(await queuedGroups(reads, { ...question, after: group() })).toEqual([
      { text: group({ gpu: 'yes' }), count: 1 },
    ]);
  });

  it('of an edge are those assigned to it; only edges with such are told', async () => {
    const [mine, other] = [lab.edge(), lab.edge()];
    await lab.submit({ queue: 'night' });
    await lab.submit({ queue: 'night', assignedEdgeId: mine.edgeId });
    const reads = lab.engine.reads;
    const ofEdge = (edgeId: string) => queuedGroups(reads, { ...question, edgeId });
    expect(await ofEdge(mine.edgeId)).toEqual([{ text: group(), count: 1 }]);
    expect(await ofEdge(other.edgeId)).toEqual([]);
    const many = Array.from({ length: 300 }, (_, each) => `edge ${each}`);
    expect(await edgesWithTasks(reads, [...many, other.edgeId, mine.edgeId])).toEqual([
      mine.edgeId,
    ]);
    expect(await edgesWithTasks(reads, [])).toEqual([]);
  });

  it('are found by seeks in the indexes of the claim', () => {
    const plan = (sql: string, params: readonly unknown[]) =>
      (
        lab.engine.database.driver.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...params) as {
          detail: string;
        }[]
      )
        .map((row) => row.detail)
        .join('\n');
    const open = queuedGroupsStatement(question);
    const own = queuedGroupsStatement({ ...question, edgeId: 'e', after: 'x' });
    const plans = [plan(open.sql, open.params), plan(own.sql, own.params)];
    expect(plans[0]).toContain('INDEX tasks_claimable (claim_group=?)');
    expect(plans[1]).toContain(
      'INDEX tasks_claimable_assigned (assigned_edge_id=? AND claim_group=?)',
    );
    const edges = plan(edgesStatement('(?), (?)'), ['a', 'b']);
    expect(edges).toContain('INDEX tasks_claimable_assigned (assigned_edge_id=?)');
    for (const each of [...plans, edges]) expect(each).not.toMatch(/SCAN tasks|TEMP B-TREE/);
  });
});
