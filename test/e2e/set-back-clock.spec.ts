import { AsyncLocalStorage } from 'node:async_hooks';
import { Database, StoredTimes, UnitOfWork } from '@foreman/database';
import { LeaseSweep } from '@foreman/leasing';
import { Retention } from '@foreman/retention';
import { FakeClock, Receiver, answerWith } from '@foreman/testing';
import { WebhookSender } from '@foreman/webhooks';
import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

const DAY_MS = 86_400_000;
const SET_BACK_MS = 3 * DAY_MS;
/** Nothing that these calls store is further ahead than this. */
const FARTHEST_MS = 1.5 * DAY_MS;
/** More than is stored at once. */
const LARGE = Buffer.alloc(300_000, 'x');

interface Task {
  readonly taskId: string;
  readonly leaseToken: string;
}

/**
 * The wall clock is set back by three days while a call waits for its turn to write, and the gateway follows before
 * it has it: at each of the call's units of work in turn.
 */
describe('a call that waits while the clock is set back', () => {
  let gateway: InProcessGateway;
  let receiver: Receiver;
  let clock: FakeClock;
  let edge: TestEdge;
  let task: Task;
  /** What was stored when the clock followed; null: it has not. */
  let storedBefore: Map<string, number> | null = null;

  beforeAll(async () => {
    receiver = await Receiver.start();
    clock = new FakeClock();
    gateway = await startInProcess({ webhookAllowedNetworks: ['127.0.0.0/8'] }, { clock });
    edge = await gateway.enrolEdge(['k']);
    gateway.app.get(StoredTimes).register(async () => {
      storedBefore = storedTimes();
    });
  });
  afterAll(async () => {
    await gateway.stop();
    await receiver.stop();
  });
  beforeEach(async () => {
    await gateway.asAdmin('POST', '/jobs', { kind: 'k', leaseSeconds: 3600 });
    const leased = await gateway.call<Task>('POST', '/internal/edges/tasks/next', {
      token: edge.token,
      body: {},
    });
    task = leased.body;
    receiver.script.length = 0;
  });

  const atTask = (method: string, path: string, body?: unknown, headers: object = {}) =>
    fetch(`${gateway.baseUrl}/internal/edges/tasks/${task.taskId}/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${edge.token}`,
        'foreman-lease': task.leaseToken,
        'content-type': 'application/json',
        ...headers,
      },
      ...(body !== undefined && {
        body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body),
      }),
    }).then((answer) => answer.text());
  const upload = (name: string, bytes: Buffer, headers: object = {}) =>
    atTask('PUT', `artifacts/${name}`, bytes, { 'content-type': 'text/plain', ...headers });

  /** Every time that is stored, by where it is. */
  function storedTimes(): Map<string, number> {
    const { driver } = gateway.app.get(Database);
    const times = new Map<string, number>();
    const columns = driver
      .prepare(
        `SELECT m.name AS "table", p.name AS "column" FROM sqlite_master m, pragma_table_info(m.name) p
         WHERE m.type = 'table' AND m.sql NOT LIKE '%WITHOUT ROWID' AND (p.name GLOB '*_at' OR p.name GLOB '*_until')`,
      )
      .all() as { table: string; column: string }[];
    for (const { table, column } of columns) {
      const rows = driver.prepare(`SELECT rowid AS id, ${column} AS at FROM ${table}`).all();
      for (const { id, at } of rows as { id: number; at: number | null }[]) {
        if (at !== null) times.set(`${table}.${column} ${id}`, at);
      }
    }
    return times;
  }

  /** Answers what was stored before the clock was set; null when the call came to no unit of work of that number. */
  async function setBackAt(
    unit: number,
    call: () => Promise<unknown>,
  ): Promise<Map<string, number> | null> {
    const unitOfWork = gateway.app.get(UnitOfWork);
    const run = unitOfWork.run.bind(unitOfWork);
    const isOfTheStep = new AsyncLocalStorage<boolean>();
    let followed: Promise<unknown> = Promise.resolve();
    let units = 0;
    let isSet = false;
    storedBefore = null;
    const waits = jest.spyOn(unitOfWork, 'run').mockImplementation(async (work, lane) => {
      if (isOfTheStep.getStore() === true) return run(work, lane);
      if (!isSet && units++ === unit) {
        isSet = true;
        clock.jumpWall(-SET_BACK_MS);
        followed = isOfTheStep.run(true, () => gateway.app.get(LeaseSweep).runOnce());
      }
      await followed;
      return run(work, lane);
    });
    await call();
    waits.mockRestore();
    return storedBefore;
  }

  const calls: [string, () => Promise<unknown>, (() => Promise<unknown>)?][] = [
    ['a heartbeat', () => atTask('POST', 'heartbeat', { processed: 1 })],
    [
      'rows',
      () => atTask('POST', 'results', { rows: [{ configId: 'a', config: {}, metrics: {} }] }),
    ],
    ['the list of rows', () => atTask('GET', 'results/ids')],
    ['a small artifact', () => upload('small', Buffer.from('x'))],
    ['a large artifact', () => upload('large', LARGE)],
    [
      'a large artifact that came broken',
      () => upload('broken', LARGE, { 'repr-digest': `sha-256=:${'A'.repeat(43)}=:` }),
    ],
    [
      'an upload URL',
      () => atTask('POST', 'artifacts/a/upload-url', { contentType: 'text/plain', size: 1 }),
    ],
    ['an input', () => gateway.asAdmin('POST', '/inputs', { contentType: 'text/plain' })],
    ['a scrub', () => gateway.asAdmin('POST', '/admin/artifacts/scrub')],
    [
      'an API key',
      () => gateway.asAdmin('POST', '/admin/api-keys', { name: 'n', scopes: ['admin'] }),
    ],
    ['an enrolment', () => gateway.asAdmin('POST', '/admin/enrolments', {})],
    [
      'an endpoint',
      () => gateway.asAdmin('POST', '/admin/webhook-endpoints', { url: receiver.url() }),
    ],
    [
      'an endpoint that gets its deliveries again',
      async () => {
        const { body } = await gateway.asAdmin<{ items: { id: string }[] }>(
          'GET',
          '/admin/webhook-endpoints',
        );
        const status = 'delivered';
        for (const { id } of body.items) {
          await gateway.asAdmin('POST', `/admin/webhook-endpoints/${id}/redeliver`, { status });
        }
      },
    ],
    [
      'a webhook',
      () => gateway.app.get(WebhookSender).runOnce(),
      async () => {
        receiver.script.push(answerWith(500));
        const webhook = { url: receiver.url() };
        const { body } = await gateway.asAdmin<{ id: string }>('POST', '/jobs', {
          kind: 'hook',
          webhook,
          ttlSeconds: 60,
        });
        await gateway.asAdmin('POST', `/jobs/${body.id}/cancel`);
      },
    ],
    [
      'retention',
      () => gateway.app.get(Retention).runOnce(),
      async () => {
        const { body } = await gateway.asAdmin<{ id: string }>('POST', '/jobs', {
          kind: 'old',
          ttlSeconds: 60,
        });
        await gateway.asAdmin('POST', `/jobs/${body.id}/cancel`);
        await atTask('PUT', 'artifacts/left', Buffer.from('x'), { 'content-type': 'text/plain' });
        clock.advance(60_000);
      },
    ],
  ];

  it.each(
    calls.map(([what, call, prepare = () => Promise.resolve()]) => [what, call, prepare] as const),
  )('%s: stores no time that is off', async (_what, call, prepare) => {
    for (let unit = 0; ; unit += 1) {
      await prepare();
      // Long enough that its edge is noted as seen with each call: a unit of work of its own.
      clock.advance(600_000);
      const before = await setBackAt(unit, call);
      if (before === null) {
        expect(unit).toBeGreaterThan(0);
        return;
      }
      const off = [...storedTimes()].filter(
        ([place, at]) => before.get(place) !== at && at > clock.now() + FARTHEST_MS,
      );
      expect(off).toEqual([]);
    }
  });
});
