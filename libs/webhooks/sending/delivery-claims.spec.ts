import { UnitOfWork } from '@foreman/database';
import { watchUnits, type WatchedStatement } from '@foreman/testing';
import { writeBacklogs } from '../spec/backlog';
import { WebhookLab } from '../spec/webhook-lab';
import { CLAIM } from './claim-round';
import { DeliveryClaims, HAS_DUE, NEXT_DUE } from './delivery-claims.store';
import { DUE_LANES, MARK_DUE } from './due-lanes.store';
import { HostSlots } from './host-slots';

const BACKLOG = 100_000;
const LATER = Number.MAX_SAFE_INTEGER;

describe('DeliveryClaims', () => {
  let lab: WebhookLab;

  beforeEach(async () => {
    lab = await WebhookLab.open();
  });

  afterEach(async () => {
    await lab.close();
  });

  /** Deliveries of one new standing endpoint, due at 0, 1, 2 and so on: or all at one time. */
  async function owe(host: string, count: number, dueAt: number | null = null): Promise<string> {
    const { id } = await lab.run((tx) =>
      lab.endpoints.createStanding(tx, { url: `https://${host}/` }),
    );
    writeBacklogs(lab, [{ lane: host, endpointId: id, count, dueAt }]);
    return id;
  }

  async function claim(slots: HostSlots, now = lab.clock.now()): Promise<string[]> {
    const claims = lab.app.get(DeliveryClaims);
    const { deliveries } = await lab.run((tx) => claims.claim(tx, slots, now, 1000));
    return deliveries.map(({ delivery }) => delivery.id);
  }

  /** Slots of hosts that have answered last time. */
  function answering(limit: number, limitPerHost: number, hosts: readonly string[]): HostSlots {
    const slots = new HostSlots(limit, limitPerHost);
    for (const host of hosts) slots.note(host, true);
    return slots;
  }

  /** Until all that is due is marked. */
  async function markAll(): Promise<void> {
    await lab.run((tx) =>
      tx.execute(`UPDATE deliveries SET is_due = 1 WHERE next_attempt_at < ?`, [LATER]),
    );
  }

  it('takes the oldest of each host, as many as there is room for', async () => {
    await owe('a.example', 10);
    await owe('b.example', 1);
    await owe('c.example', 10);

    const slots = answering(6, 3, ['a.example', 'b.example', 'c.example']);
    expect((await claim(slots)).toSorted()).toEqual([
      'a.example 00000',
      'a.example 00001',
      'a.example 00002',
      'b.example 00000',
      'c.example 00000',
      'c.example 00001',
    ]);
  });

  it('takes none twice while its claim lives, and none before its time', async () => {
    await owe('a.example', 3);

    const claimed = (limit: number, limitPerHost: number, at: number) =>
      claim(answering(limit, limitPerHost, ['a.example']), at);
    expect(await claimed(9, 2, 1)).toHaveLength(2);
    expect(await claimed(9, 9, 1)).toEqual([]);
    expect(await claimed(9, 9, 1000)).toEqual(['a.example 00002']);
    expect(await claimed(9, 9, 1001)).toHaveLength(2);
  });

  it('finds one row of a host behind a backlog of another, and beside thousands of hosts that wait, in a few short statements', async () => {
    await owe('a.example', BACKLOG);
    await owe('z.example', 1);
    await markAll();
    const waiting = await owe('waiting.example', 1, LATER);
    writeBacklogs(
      lab,
      lanes(2000, (lane) => ({ lane, endpointId: waiting, count: 1, dueAt: LATER })),
    );
    const slots = answering(64, 4, ['a.example', 'z.example']);
    for (let n = 0; n < 4; n += 1) slots.take('a.example');
    const units = watchUnits(lab.app.get(UnitOfWork));

    expect(await claim(slots)).toEqual(['z.example 00000']);

    const statements = units.flatMap((unit) => unit.statements);
    const rowsOf = (sql: string) =>
      statements.filter((statement) => statement.sql === sql).map(({ rows }) => rows);
    // One look at the lanes with something due for each kind of host, of which there are two; then one claim.
    expect(rowsOf(DUE_LANES)).toEqual([2, 2]);
    expect(rowsOf(CLAIM)).toEqual([1]);
    expect(rowsOf(MARK_DUE)).toEqual([0]);
    expect(statements.length).toBeLessThanOrEqual(6);
  });

  it.each([
    ['what falls due', MARK_DUE, /deliveries_due \(next_attempt_at<\?\)/],
    [
      'the next lane',
      DUE_LANES,
      /deliveries USING COVERING INDEX deliveries_due_by_host \(host>\?\)/,
    ],
    ['the oldest of a lane', CLAIM, /deliveries_due_by_host \(host=\?/],
    [
      'whether anything is due',
      HAS_DUE,
      /deliveries USING COVERING INDEX deliveries_due_by_host \(host>\?\)/,
    ],
    ['the next time', NEXT_DUE, /deliveries_due \(next_attempt_at>\?\)/],
  ])('finds %s in its index', async (_what, sql, index) => {
    const params = [...sql.matchAll(/\?/g)].map(() => 1);
    const plan = await lab.reads.query<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, params);
    const details = plan.map(({ detail }) => detail).join('\n');
    expect(details).toMatch(index);
    expect(details).not.toMatch(/SCAN (deliveries|d)\b|by_status/);
    // A claim that sorted would read the whole backlog of its lane to take four of it.
    if (sql === CLAIM) expect(details).not.toContain('TEMP B-TREE');
  });

  it('marks a bounded number of what falls due together, and says that there is more', async () => {
    await owe('a.example', 700);
    const claims = lab.app.get(DeliveryClaims);
    const units = watchUnits(lab.app.get(UnitOfWork));
    const once = () =>
      lab.run((tx) => claims.claim(tx, new HostSlots(1, 1), lab.clock.now(), 1000));
    expect(await once()).toMatchObject({ isCutShort: true });
    expect(await once()).toMatchObject({ isCutShort: false });
    const marked = units
      .flatMap((unit) => unit.statements)
      .filter(({ sql }: WatchedStatement) => sql === MARK_DUE);
    expect(marked.map(({ rows }) => rows)).toEqual([500, 200]);
  });

  it('gives each lane its turn while there is room for few, however much the others owe', async () => {
    const endpointId = await owe('a.example', 1);
    writeBacklogs(
      lab,
      lanes(300, (lane) => ({ lane, endpointId, count: 50, dueAt: 0 })),
    );
    await markAll();
    const seen = new Set<string>();
    const hosts = lanes(300, (lane) => lane);
    for (let round = 0; round < 11; round += 1) {
      for (const id of await claim(answering(30, 1, ['a.example', ...hosts])))
        seen.add(id.split(' ')[0] ?? '');
    }
    expect(seen.size).toBe(301);
  });

  it('keeps to the rate of an endpoint, though a change of its URL left it with two lanes', async () => {
    const { id: endpointId } = await lab.run((tx) =>
      lab.endpoints.createStanding(tx, { url: 'https://new.example/', ratePerMinute: 60 }),
    );
    const of = (host: string) => ({
      lane: `${host} ${endpointId}`,
      endpointId,
      count: 3,
      dueAt: 0,
    });
    writeBacklogs(lab, [of('old.example'), of('new.example')]);
    const now = lab.clock.now();
    const taken = [];
    for (const at of [now, now + 999, now + 1000]) {
      taken.push((await claim(new HostSlots(30, 9), at)).length);
    }
    expect(taken).toEqual([1, 0, 1]);
  });
});

function lanes<T>(count: number, of: (lane: string) => T): T[] {
  return Array.from({ length: count }, (_, n) => of(`h${String(n).padStart(4, '0')}.example`));
}
