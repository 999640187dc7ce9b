import { Deliveries, type DeliveryFilter } from '../deliveries/deliveries.service';
import { ReplayStore } from '../sending/replay.store';
import * as times from '../time/webhook-times';
import { StandingLab } from './standing-lab';
import { WebhookLab } from './webhook-lab';

/** What a look or a replay costs must not grow with all that has been delivered before. */
describe('plans over deliveries', () => {
  let lab: WebhookLab;

  beforeEach(async () => {
    lab = await WebhookLab.open();
  });

  afterEach(async () => {
    await lab.close();
  });

  async function planOf(sql: string): Promise<string> {
    const marks = Array.from({ length: sql.split('?').length - 1 }, () => 1);
    const plan = await lab.run((tx) =>
      tx.query<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, marks),
    );
    return plan.map((step) => step.detail).join('\n');
  }

  it.each<[DeliveryFilter, string]>([
    [{}, 'deliveries_by_time'],
    [{ status: 'exhausted' }, 'deliveries_by_status'],
    [{ endpointId: 'e' }, 'deliveries_of_endpoint'],
    [{ endpointId: 'e', status: 'exhausted' }, 'deliveries_of_endpoint_by_status'],
  ])('a list of %j reads one page of an index', async (filter, index) => {
    const seen: string[] = [];
    const watched = { entities: async (_entity: unknown, sql: string) => (seen.push(sql), []) };
    const page = { limit: 50, cursor: null };
    await lab.app.get(Deliveries).list(watched as never, filter, page);
    const plan = await planOf(seen[0] ?? '');
    expect(plan).toContain(`INDEX ${index}`);
    expect(plan).not.toContain('TEMP B-TREE');
  });

  it('the backlog is counted in the indexes of what is due, and its age is one row', async () => {
    const seen: string[] = [];
    const watched = { query: async (sql: string) => (seen.push(sql), []) };
    await lab.app.get(Deliveries).backlog(watched as never);
    const plan = await planOf(seen[0] ?? '');
    expect(plan).toContain('COVERING INDEX deliveries_by_status (status=?)');
    expect(plan).toContain('COVERING INDEX deliveries_due_by_host');
    expect(plan).toContain('COVERING INDEX deliveries_due (next_attempt_at<?)');
    expect(plan.match(/deliveries USING/g)).toHaveLength(3);
  });

  it.each([
    ['a step of the clock moves tries', times.MOVE_TRIES, 'deliveries_by_status (status=?)'],
    ['and standing endpoints', times.MOVE_ENDPOINTS, 'webhook_endpoints_standing'],
    ['a start looks at tries', times.NO_TRY_BEYOND_THE_LONGEST_PAUSE, 'deliveries_due (next_'],
    ['at what is due', times.NOTHING_DUE_SINCE_THE_FUTURE, 'deliveries_due_by_host'],
    ['at rates', times.NO_POST_BEYOND_THE_RATE, 'webhook_endpoints_paced'],
    ['at failing ones', times.NOT_FAILING_SINCE_THE_FUTURE, 'webhook_endpoints_standing'],
    ['at rotating ones', times.NO_LONGER_OVERLAP, 'webhook_endpoints_standing'],
  ])('%s in an index', async (_what, sql, index) => {
    expect(await planOf(sql)).toContain(`INDEX ${index}`);
  });

  it('a replay finds its next turn in an index', async () => {
    const id = await new StandingLab(lab).make({ url: 'https://hooks.example/' });
    const seen: string[] = [];
    await lab.run(async (tx) => {
      await tx.execute('UPDATE webhook_endpoints SET replaying_since = 1 WHERE id = ?', [id]);
      const watched = {
        ...tx,
        query: <Row>(sql: string, params: []) => (seen.push(sql), tx.query<Row>(sql, params)),
        execute: tx.execute.bind(tx),
        insert: tx.insert.bind(tx),
      };
      await lab.app.get(ReplayStore).giveTurns(watched as never, lab.clock.now());
    });
    const [who = '', turn = ''] = seen;
    expect(await planOf(who)).toContain('INDEX webhook_endpoints_replaying');
    const plan = await planOf(turn);
    expect(plan).toContain('INDEX deliveries_of_endpoint_by_status');
    expect(plan).not.toContain('TEMP B-TREE');
  });
});
