import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { FakeClock, eventually } from '@foreman/testing';
import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

interface Task {
  readonly taskId: string;
  readonly jobId: string;
  readonly leaseToken: string;
}

interface LateWrite {
  readonly id: string;
  readonly jobId: string;
  readonly body: unknown;
}

interface Listed {
  readonly items: LateWrite[];
  readonly nextCursor: string | null;
}

const ROWS = [
  { configId: 'a', config: { fast: 5 }, metrics: { sharpe: 0.5 } },
  { configId: 'b', config: { fast: 9 }, metrics: { sharpe: null } },
];
const NDJSON = ROWS.map((row) => `${JSON.stringify(row)}\n`).join('');
const GZIP = { 'content-encoding': 'gzip' };
const NDJSON_TYPE = { 'content-type': 'application/x-ndjson' };

describe('late writes over HTTP', () => {
  let gateway: InProcessGateway;
  let edge: TestEdge;

  const clock = new FakeClock();

  beforeAll(async () => {
    gateway = await startInProcess({}, { clock });
    edge = await gateway.enrolEdge(['study']);
  });
  afterAll(() => gateway.stop());

  const ofTask = (task: Task, name: string, body: unknown, headers: Record<string, string> = {}) =>
    gateway.call('POST', `/internal/edges/tasks/${task.taskId}/${name}`, {
      token: edge.token,
      body,
      headers: { 'Foreman-Lease': task.leaseToken, ...headers },
    });
  const lease = async () => {
    await gateway.asAdmin('POST', '/jobs', { kind: 'study' });
    const next = { token: edge.token, body: {} };
    return (await gateway.call<Task>('POST', '/internal/edges/tasks/next', next)).body;
  };
  /** A lease that is over for good: its task was handed back and has completed since. */
  const lostLease = async () => {
    const task = await lease();
    await ofTask(task, 'release', undefined);
    const next = { token: edge.token, body: {} };
    const again = await gateway.call<Task>('POST', '/internal/edges/tasks/next', next);
    expect(again.body.taskId).toBe(task.taskId);
    await ofTask(again.body, 'complete', {});
    return task;
  };
  const list = (query: string) => gateway.asAdmin<Listed>('GET', `/admin/late-writes?${query}`);
  const read = async ({ jobId }: Task) => {
    const { items } = (await list(`job=${jobId}`)).body;
    const found = items.map(({ id }) =>
      gateway.asAdmin<LateWrite>('GET', `/admin/late-writes/${id}`),
    );
    return (await Promise.all(found)).map(({ body }) => body);
  };

  it('keeps what came as JSON once, told in the refusal, for an operator to read and clear', async () => {
    const task = await lostLease();
    const body = { rows: ROWS, resultFolder: 'runs/1', novelty: 1 };
    const texts = [JSON.stringify(body), JSON.stringify(body), JSON.stringify(body, null, 2)];
    for (const text of texts) {
      const late = await ofTask(task, 'results', text);
      expect([late.status, late.body]).toMatchObject([
        409,
        { code: 'lease.lost', kept: true, task: { status: 'completed', attempt: 2 } },
      ]);
    }
    const [kept, ...others] = await read(task);
    expect(kept).toEqual({
      id: expect.any(String),
      jobId: task.jobId,
      taskId: task.taskId,
      edgeId: edge.edgeId,
      attempt: 1,
      call: 'results',
      sizeBytes: JSON.stringify(body).length,
      createdAt: expect.any(String),
      body,
    });
    expect(others).toEqual([]);

    const path = `/admin/late-writes/${kept?.id}`;
    expect((await gateway.asAdmin('DELETE', path)).status).toBe(204);
    for (const method of ['DELETE', 'GET']) {
      const gone = await gateway.asAdmin(method, path);
      expect([gone.status, gone.body['code']]).toEqual([404, 'late_write.not_found']);
    }
    expect(await read(task)).toEqual([]);
  });

  it('keeps every digit and every member of rows, streamed or not', async () => {
    const row =
      '{"configId":"a","config":{"n":12345678901234567890,"n":1.50},"metrics":{"m":0.10}}';
    const task = await lostLease();
    for (const text of [`{"rows": [${row}]}`, `\ufeff{"rows":[ ${row} ]}`]) {
      expect((await ofTask(task, 'results', text)).body).toMatchObject({ kept: true });
    }
    const streamed = await ofTask(task, 'results', `${row}\r\n`, NDJSON_TYPE);
    expect(streamed.body).toMatchObject({ kept: true });
    const [kept, ...others] = (await list(`job=${task.jobId}`)).body.items;
    expect(others).toEqual([]);
    const { text, headers } = await gateway.asAdmin('GET', `/admin/late-writes/${kept?.id}`);
    expect(text).toContain(`,"body":{"rows":[${row}]}}`);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    // A double holds no difference between the two, but they are two.
    await ofTask(task, 'results', `{"rows":[${row.replace('890,', '891,')}]}`);
    expect((await list(`job=${task.jobId}`)).body.items).toHaveLength(2);
  });

  it('keeps completions and failures', async () => {
    const task = await lostLease();
    const completion = {
      processedCount: 2,
      artifacts: [{ name: 'a', content_type: 'text/plain', inline: 'x' }],
    };
    expect((await ofTask(task, 'complete?next=true', completion)).body).toMatchObject({
      kept: true,
    });
    const failure = { code: 'x', message: 'y' };
    expect((await ofTask(task, 'fail', failure)).body).toMatchObject({ kept: true });
    expect(await read(task)).toMatchObject([
      { call: 'fail', body: failure },
      { call: 'complete', body: completion },
    ]);
  });

  it('keeps streamed rows as if they had come as JSON', async () => {
    const task = await lostLease();
    expect((await ofTask(task, 'results', NDJSON, NDJSON_TYPE)).body).toMatchObject({
      code: 'lease.lost',
      kept: true,
    });
    const packed = gzipSync(NDJSON);
    const repeat = await ofTask(task, 'results', packed, { ...NDJSON_TYPE, ...GZIP });
    expect(repeat.body).toMatchObject({ kept: true });
    expect((await ofTask(task, 'results', { rows: ROWS })).body).toMatchObject({ kept: true });
    expect(await read(task)).toMatchObject([{ call: 'results', body: { rows: ROWS } }]);
  });

  it.each([
    ['broken gzip', gzipSync(NDJSON).subarray(0, 40), { ...NDJSON_TYPE, ...GZIP }],
    ['malformed', `${NDJSON}{"configId":`, NDJSON_TYPE],
    ['larger than 1 MiB', NDJSON.padEnd(1_048_577, '\n'), NDJSON_TYPE],
  ])('keeps nothing of a stream that is %s', async (_what, body, headers) => {
    const task = await lostLease();
    const late = await ofTask(task, 'results', body, headers);
    expect([late.status, late.body]).toMatchObject([409, { code: 'lease.lost', kept: false }]);
    expect(await read(task)).toEqual([]);
  });

  describe('on one connection', () => {
    let socket: Socket;
    let received = '';

    beforeEach(async () => {
      const { hostname, port } = new URL(gateway.baseUrl);
      received = '';
      socket = connect(Number(port), hostname);
      socket.on('data', (bytes) => (received += bytes.toString()));
      await new Promise<void>((resolve) => socket.once('connect', resolve));
    });
    afterEach(() => socket.destroy());

    const head = (task: Task, bodyBytes: number) =>
      [
        `POST /internal/edges/tasks/${task.taskId}/results HTTP/1.1`,
        'Host: foreman.test',
        `Authorization: Bearer ${edge.token}`,
        `Foreman-Lease: ${task.leaseToken}`,
        'Content-Type: application/x-ndjson',
        `Content-Length: ${bodyBytes}`,
        '\r\n',
      ].join('\r\n');
    const answers = (status: number) =>
      eventually(`an answer ${status}`, () => received.includes(`HTTP/1.1 ${status}`));
    /** Another call, which is answered only when the body before it was read to its end. */
    const nextCall = 'GET /healthz HTTP/1.1\r\nHost: foreman.test\r\n\r\n';

    it.each([
      ['while it flows', 9000],
      ['before its end', 4300],
    ])('keeps all of a stream whose lease is lost %s', async (_when, rowCount) => {
      const task = await lease();
      const rows = Array.from({ length: rowCount }, (_, n) => ({ ...ROWS[0], configId: `c${n}` }));
      const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
      const [first, rest] = [lines.slice(0, 4000).join(''), lines.slice(4000).join('')];
      socket.write(head(task, Buffer.byteLength(first + rest)) + first);
      await eventually('the first rows', async () => {
        const stored = await gateway.asAdmin<Listed>('GET', `/jobs/${task.jobId}/results?limit=1`);
        return stored.body.items.length > 0;
      });
      await gateway.asAdmin('POST', `/jobs/${task.jobId}/cancel`);
      socket.write(rest);
      await answers(409);
      expect(received).toContain('"kept":true');
      expect(await read(task)).toMatchObject([{ body: { rows } }]);
    });

    it('does not wait for the rest of one that is too large, and can be used again', async () => {
      const task = await lostLease();
      const [first, rest] = [NDJSON.padEnd(1_100_000, '\n'), '\n'.repeat(500_000)];
      socket.write(head(task, first.length + rest.length) + first);
      await answers(409);
      expect(received).toContain('"kept":false');
      socket.write(rest + nextCall);
      await answers(200);
    });

    it('does not wait for a sender that falls silent, and can be used again', async () => {
      const task = await lostLease();
      socket.write(head(task, NDJSON.length) + NDJSON.slice(0, 20));
      await eventually('an answer in its time', () => {
        clock.advance(1000);
        return received.includes('HTTP/1.1 409');
      });
      expect(received).toContain('"kept":false');
      socket.write(NDJSON.slice(20) + nextCall);
      await answers(200);
      expect(await read(task)).toEqual([]);
    });
  });

  it('lists them newest first, by job and by edge, a page at a time', async () => {
    const tasks = [await lostLease(), await lostLease()];
    const sender = edge;
    for (const task of tasks) {
      for (const name of ['x', 'y']) await ofTask(task, 'fail', { code: name, message: '' });
    }
    const whole = (await list(`edge=${sender.name}&limit=4`)).body.items;
    expect(whole.map(({ jobId }) => jobId)).toEqual(
      [tasks[1], tasks[1], tasks[0], tasks[0]].map((task) => task?.jobId),
    );
    expect(whole[0]).not.toHaveProperty('body');
    expect((await list(`edge=${sender.edgeId}&limit=4`)).body.items).toEqual(whole);
    const first = (await list('limit=3')).body;
    const second = (await list(`limit=1&cursor=${first.nextCursor}`)).body;
    expect([...first.items, ...second.items]).toEqual(whole);

    const other = await gateway.enrolEdge(['other']);
    for (const nobody of [other.name, other.edgeId, 'no-such-edge']) {
      expect((await list(`edge=${nobody}`)).body).toEqual({ items: [], nextCursor: null });
    }
    expect((await list('job=nothing')).body.items).toEqual([]);
    expect((await list('limit=0')).status).toBe(400);
    expect((await list('task=x')).status).toBe(400);

    // They outlive the registration of their edge.
    await gateway.asAdmin('DELETE', `/admin/edges/${sender.edgeId}`);
    expect((await list(`edge=${sender.edgeId}&limit=4`)).body.items).toEqual(whole);
  });
});
