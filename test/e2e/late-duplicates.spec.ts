import { ReadConnection } from '@foreman/database';
import { type InProcessGateway, startInProcess } from './harness';
import {
  type Call,
  LATE_CALLS,
  NDJSON,
  NEW_ROWS,
  OLD_ROWS,
  Scene,
  type Task,
  lines,
  row,
} from './late-calls';

const TABLES = [
  'jobs',
  'tasks',
  'attempts',
  'events',
  'artifacts',
  'lease_keys',
  'lease_requests',
  'idempotency_keys',
  'result_rows',
  'row_sets',
];

/** All that a copy may move: an accepted call extends its lease. */
const MAY_MOVE = new Set(['lease_expires_at']);

describe('a copy that comes late within a lease', () => {
  let gateway: InProcessGateway;
  let scenes = 0;

  beforeAll(async () => {
    gateway = await startInProcess();
  });
  afterAll(() => gateway.stop());

  const state = async () => {
    const reads = gateway.app.get(ReadConnection);
    const found: unknown[] = [];
    for (const table of TABLES)
      found.push(await reads.query(`SELECT * FROM ${table} ORDER BY 1, 2, 3`));
    return JSON.stringify(found, (name, value: unknown) => (MAY_MOVE.has(name) ? null : value));
  };

  const leased = async () => {
    scenes += 1;
    const kind = `late-${scenes}`;
    const edge = await gateway.enrolEdge([kind]);
    const job = { kind, stallSeconds: 3600, tasks: [{}, {}, {}, {}] };
    await gateway.asAdmin('POST', '/jobs', job);
    const { body: task } = await gateway.call<Task>('POST', '/internal/edges/tasks/next', {
      token: edge.token,
      body: {},
    });
    return new Scene(gateway, edge, task);
  };

  it.each(Object.entries(LATE_CALLS))('%s: changes nothing', async (_what, call) => {
    const played = await leased();
    const older = await call.older(played);
    const first = await played.make(older);
    const newer = await played.make(await call.newer(played, first));
    expect([isAccepted(first.status), isAccepted(newer.status)]).toEqual([true, true]);
    const before = await state();
    const copy = await played.make(older);
    expect([copy.status, copy.body]).toEqual([200, expect.objectContaining(call.answer)]);
    expect(await state()).toBe(before);
  });

  /** That the test above could fail; the protocol tells edges so. */
  it.each<[string, (scene: Scene) => readonly [older: Call, newer: Call]]>([
    ['rows', (scene) => [scene.results(null, OLD_ROWS), scene.results(null, NEW_ROWS)]],
    ['an artifact', (scene) => [scene.artifact(null, 'old bytes'), scene.artifact(null, 'new')]],
    [
      'a heartbeat',
      (scene) => [
        scene.about('heartbeat', { processed: 5 }),
        scene.about('heartbeat', { processed: 7 }),
      ],
    ],
  ])('%s without a key or a sequence: puts back what it says', async (_what, calls) => {
    const played = await leased();
    const [older, newer] = calls(played);
    await played.make(older);
    await played.make(newer);
    const before = await state();
    await played.make(older);
    expect(await state()).not.toBe(before);
  });

  it.each<[string, (scene: Scene) => readonly [first: Call, other: Call]]>([
    ['rows', (scene) => [scene.results('k', OLD_ROWS), scene.results('k', NEW_ROWS)]],
    [
      'a stream of rows',
      (scene) => [
        scene.results('k', lines(row('a', 1)), NDJSON),
        scene.results('k', lines(row('a', 2)), NDJSON),
      ],
    ],
    ['an artifact', (scene) => [scene.artifact('k', 'old bytes'), scene.artifact('k', 'new')]],
  ])('%s under a known key with another body: is refused', async (_what, calls) => {
    const played = await leased();
    const [first, other] = calls(played);
    await played.make(first);
    const before = await state();
    const { status, body } = await played.make(other);
    expect([status, body['code']]).toEqual([409, 'idempotency.conflict']);
    expect(await state()).toBe(before);
  });

  it('a key is its call’s and its lease’s: others may use it', async () => {
    const played = await leased();
    const calls = [
      played.results('k', OLD_ROWS),
      played.artifact('k', 'bytes'),
      { ...played.artifact('k', 'other bytes'), path: played.about('artifacts/other.txt').path },
    ];
    for (const call of calls) expect(isAccepted((await played.make(call)).status)).toBe(true);
    await played.make(played.about('release'));
    const { body } = await played.make<Task>(played.next());
    expect(body.taskId).toBe(played.task.taskId);
    const again = new Scene(gateway, played.edge, body);
    expect((await again.make(again.results('k', NEW_ROWS))).body).toEqual({
      received: 2,
      stored: 2,
    });
  });

  it.each(['', 'x'.repeat(201), 'schlüssel'])('the key %j is refused', async (key) => {
    const played = await leased();
    for (const call of [played.results(key, OLD_ROWS), played.artifact(key, 'bytes')]) {
      const { status, body } = await played.make(call);
      expect([status, body['code']]).toEqual([400, 'request.invalid']);
    }
  });
});

function isAccepted(status: number): boolean {
  return status === 200 || status === 201;
}
