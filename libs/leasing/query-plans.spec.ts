import { claimHeadsStatement } from '@foreman/jobs';
import { NEXT_AVAILABLE } from './claiming/due-tasks';
import { EXPIRED, NEXT_DUE, NOT_STARTED, TIMED_OUT } from './time/lease-sweep';
import { STALLED } from './time/stalled-tasks';
import { LeasingLab } from './spec/leasing-lab';
import { claimStatement } from './claiming/task-claim';

/** Each hot query is answered from the index that was made for it; none sorts or scans the tasks. */
describe('query plans', () => {
  let lab: LeasingLab;
  beforeAll(async () => {
    lab = await LeasingLab.open();
  });
  afterAll(() => lab.close());

  const plan = async (sql: string, params: readonly unknown[] = []) => {
    const rows = lab.engine.database.driver.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...params);
    return (rows as { detail: string }[]).map((row) => row.detail);
  };

  it('the claim takes the first of an index for each kind, and sorts only those', async () => {
    const queue = { openGroups: ['chat\nq\n', 'command\nq\n'], ownGroups: ['chat\nq\n'] };
    const { sql, params } = claimStatement('e', queue, 'token', 1);
    const details = await plan(sql, params);
    const count = (part: string) => details.filter((detail) => detail.includes(part)).length;
    expect(count('tasks USING INDEX tasks_claimable (claim_group=?)')).toBe(1);
    expect(
      count('tasks USING INDEX tasks_claimable_assigned (assigned_edge_id=? AND claim_group=?)'),
    ).toBe(1);
    expect(count('USE TEMP B-TREE')).toBe(1);
    expect(details.filter((detail) => detail.startsWith('SCAN tasks'))).toEqual([]);
  });

  it('a look at what there is takes the first of each class from its index', async () => {
    const { sql, params } = claimHeadsStatement('e', ['chat'], { gpu: 'true' }, 2);
    const details = (await plan(sql, params)).join('\n');
    expect(details).toContain('claim_classes_by_label (edge_id=? AND kind=? AND label=?)');
    expect(details).toContain('claim_groups_next (class_id=?)');
    expect(details).not.toMatch(/SCAN claim_|TEMP B-TREE/);
  });

  it('the next moment at which something ends is the first entry of each index', async () => {
    const details = (await plan(NEXT_DUE, [1, 1, 1, 1])).join('\n');
    const indexes = ['tasks_lease_expiry', 'tasks_timing', 'tasks_start_by', 'tasks_stalling'];
    for (const index of indexes) expect(details).toContain(index);
    expect(details).not.toMatch(/SCAN tasks(?! USING)/);
  });

  it.each([
    ['expired leases', EXPIRED.page, 'tasks_lease_expiry'],
    ['attempts over their time', TIMED_OUT.page, 'tasks_timing'],
    ['tasks that were not started', NOT_STARTED.page, 'tasks_start_by'],
    ['tasks that stand still', STALLED.page, 'tasks_stalling'],
    [
      'how many have stalled',
      `SELECT count(*) FROM tasks WHERE status = 'leased' AND stalled_at IS NOT NULL`,
      'tasks_stalled',
    ],
    ['the next task to become available', NEXT_AVAILABLE, 'tasks_next_available'],
    [
      'open tasks of a job',
      `SELECT 1 FROM tasks WHERE job_id = ? AND status IN ('queued', 'leased') LIMIT 1`,
      'tasks_open_of_job',
    ],
    [
      'what an edge holds',
      `SELECT count(*) FROM tasks WHERE status = 'leased' AND lease_edge_id = ?`,
      'tasks_leased_by_edge',
    ],
    [
      'whether an edge has held a task',
      'SELECT 1 FROM attempts WHERE task_id = ? AND edge_id = ?',
      'sqlite_autoindex_attempts_2 (task_id=?)',
    ],
    [
      'what a request leased',
      'SELECT 1 FROM attempts WHERE lease_request_id = ? LIMIT 1',
      'attempts_by_request',
    ],
  ])(
    '%s: by index, sorting at most what has one and the same moment',
    async (_what, sql, index) => {
      const details = (
        await plan(
          sql,
          Array.from(sql.matchAll(/\?/g), () => 1),
        )
      ).join('\n');
      expect(details).toContain(index);
      expect(details).not.toMatch(/SCAN (?!.*USING)|TEMP B-TREE(?! FOR LAST TERM)/);
    },
  );
});
