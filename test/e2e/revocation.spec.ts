import { connect, type Socket } from 'node:net';
import { Database, ReadConnection } from '@foreman/database';
import { ParkedPolls } from '@foreman/leasing';
import { Heartbeats } from '@foreman/progress';
import { eventually } from '@foreman/testing';
import { EventReaders } from '../../apps/gateway/jobs-api/events/event-readers';
import { JobIntake } from '../../apps/gateway/jobs-api/job-intake';
import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

/** Many rounds, on a machine that may be busy. */
jest.setTimeout(180_000);

const ROUNDS = 6;
const MIB = 1_048_576;

interface Task {
  readonly taskId: string;
  readonly leaseToken: string;
}

/** A call whose bytes the test sends, and reads, when it likes to. */
class OpenCall {
  text = '';
  isClosed = false;
  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1').on('error', () => undefined);
    socket.on('close', () => (this.isClosed = true));
  }

  static begin(
    { baseUrl }: InProcessGateway,
    token: string,
    [call, ...headers]: readonly [string, ...string[]],
    body = '',
  ): OpenCall {
    const { hostname, port } = new URL(baseUrl);
    const open = new OpenCall(connect(Number(port), hostname));
    const lines = [`${call} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${token}`, ...headers];
    open.socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
    return open;
  }

  read(): this {
    this.socket.on('data', (text: string) => (this.text += text));
    return this;
  }

  /** Whoever is cut off has closed: what is written then goes nowhere. */
  async finish(body: string): Promise<void> {
    if (!this.isClosed) this.socket.write(body);
    await eventually('the call is over', () => this.isClosed);
  }

  drop(): void {
    this.socket.destroy();
  }
}

describe('a revocation', () => {
  let gateway: InProcessGateway;
  let open: OpenCall[];
  let pace: { stop: boolean };

  beforeAll(async () => {
    gateway = await startInProcess({ artifactMaxBytes: 64 * MIB });
  });
  afterAll(() => gateway.stop());
  beforeEach(() => {
    open = [];
    pace = { stop: false };
  });
  afterEach(() => {
    pace.stop = true;
    for (const call of open) call.drop();
  });

  const begin = (token: string, head: readonly [string, ...string[]], body?: string) => {
    const call = OpenCall.begin(gateway, token, head, body);
    open.push(call);
    return call;
  };
  const count = (sql: string, ...params: unknown[]) =>
    gateway.app
      .get(Database)
      .driver.prepare(sql)
      .pluck()
      .get(...params) as number;

  /** Calls again and again until the token opens nothing; then answers how often it went well. */
  async function callOn(token: string, method: string, path: string, body?: unknown) {
    const headers = { 'Foreman-Lease': '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' };
    for (let good = 0; ; good += 1) {
      const answer = await gateway.call(method, path, { token, body, headers }).catch(() => null);
      if (answer === null || answer.status === 401 || pace.stop) return good;
    }
  }

  const makeKey = async (...scopes: string[]) =>
    (
      await gateway.asAdmin<{ id: string; token: string }>('POST', '/admin/api-keys', {
        name: 'k',
        scopes,
      })
    ).body;

  const JSON_BODY = 'Content-Type: application/json';

  /** One that is on its way in when nothing more of it comes, and asks to be closed behind its answer. */
  const halfSent = (token: string, call: string, type: string, length: number, part: string) =>
    begin(token, [call, type, 'Connection: close', `Content-Length: ${length}`], part).read();

  describe('of an API key', () => {
    let downloadPath: string;
    beforeAll(async () => {
      const edge = await gateway.enrolEdge(['large']);
      const job = await gateway.asAdmin<{ id: string }>('POST', '/jobs', { kind: 'large' });
      const task = await leaseOne(edge);
      const headers = { 'Foreman-Lease': task.leaseToken };
      const at = `/internal/edges/tasks/${task.taskId}`;
      const { token } = edge;
      const body = Buffer.alloc(48 * MIB);
      await gateway.call('PUT', `${at}/artifacts/large.bin`, { token, headers, body });
      await gateway.call('POST', `${at}/complete`, { token, headers, body: {} });
      downloadPath = `/jobs/${job.body.id}/artifacts/large.bin`;
    });

    const madeBy = (id: string) => [
      count('SELECT count(*) FROM jobs WHERE created_by = ?', id),
      count('SELECT count(*) FROM inputs WHERE created_by = ? AND stored_at IS NOT NULL', id),
    ];

    it.each(Array.from({ length: ROUNDS }, (_, round) => round))(
      'ends all that it has let in, whatever it is doing: nothing comes behind the answer (%d)',
      async () => {
        const { id, token } = await makeKey('jobs:read', 'jobs:write');
        const job = await gateway.call<{ id: string }>('POST', '/jobs', {
          token,
          body: { kind: 'none' },
        });
        const input = await gateway.call<{ id: string }>('POST', '/inputs', {
          token,
          body: { contentType: 'text/plain' },
        });
        const submission = '{"kind":"none"}';
        const submitting = halfSent(
          token,
          'POST /jobs',
          JSON_BODY,
          submission.length,
          submission.slice(0, 5),
        );
        const uploading = halfSent(token, `PUT /inputs/${input.body.id}`, 'X: y', 8, 'half');
        const events = begin(token, [`GET /jobs/${job.body.id}/events`]).read();
        const download = begin(token, [`GET ${downloadPath}`]);
        const short = [
          ...Array.from({ length: 6 }, () => callOn(token, 'POST', '/jobs', { kind: 'none' })),
          ...Array.from({ length: 3 }, () => callOn(token, 'GET', '/jobs?limit=5')),
        ];
        await eventually('all of it is under way', () => {
          const [jobs = 0] = madeBy(id);
          const { count: readers } = gateway.app.get(EventReaders);
          return jobs > 10 && readers === 1 && events.text.includes('event: state');
        });
        // Whoever does not wait for an answer is not forgotten for it.
        for (let n = 0; n < 5; n += 1) {
          const length = `Content-Length: ${submission.length}`;
          begin(token, ['POST /jobs', JSON_BODY, length], submission);
        }
        const revoking = gateway.asAdmin('DELETE', `/admin/api-keys/${id}`);
        for (const call of open.slice(-5)) call.drop();

        expect((await revoking).status).toBe(204);
        const made = madeBy(id);
        const after = await Promise.all(
          Array.from({ length: 5 }, () => gateway.call('GET', '/jobs', { token })),
        );
        expect(after.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
        await submitting.finish(submission.slice(5));
        await uploading.finish('half');
        await eventually('the events are cut off', () => events.isClosed);
        download.read();
        await eventually('the download is cut off', () => download.isClosed);
        await Promise.all(short);
        expect(download.text.length).toBeLessThan(48 * MIB);
        expect([submitting.text, uploading.text].map((text) => text.slice(9, 12))).toEqual([
          '401',
          '401',
        ]);
        expect(madeBy(id)).toEqual(made);
        expect(gateway.app.get(EventReaders).count).toBe(0);
      },
    );

    it('is not answered while a call is at work, whose caller has gone, and says so when that takes long', async () => {
      const { id, token } = await makeKey('jobs:write');
      const intake = gateway.app.get(JobIntake);
      const take = intake.take.bind(intake);
      const work = { isBegun: false, goOn: () => undefined as void };
      const held = new Promise<void>((resolve) => (work.goOn = resolve));
      jest.spyOn(intake, 'take').mockImplementationOnce(async (...args) => {
        work.isBegun = true;
        await held;
        return take(...args);
      });
      const submission = '{"kind":"none"}';
      const length = `Content-Length: ${submission.length}`;
      const call = begin(token, ['POST /jobs', JSON_BODY, length], submission);
      await eventually('the call is at work', () => work.isBegun);
      call.drop();
      const revoke = () => gateway.asAdmin('DELETE', `/admin/api-keys/${id}`);
      const { status, body, headers } = await revoke();
      expect([status, body['code'], headers.get('retry-after')]).toEqual([503, 'server.busy', '1']);
      expect((await gateway.call('POST', '/jobs', { token, body: {} })).status).toBe(401);
      const again = revoke();
      work.goOn();
      expect((await again).status).toBe(204);
      expect(madeBy(id)).toEqual([1, 0]);
    });

    it('by itself does not wait for its own call, nor for another that revokes it', async () => {
      const { id, token } = await makeKey('admin');
      const revoke = () => gateway.call('DELETE', `/admin/api-keys/${id}`, { token });
      const answers = await Promise.all([revoke(), revoke(), revoke()]);
      const statuses = answers.map(({ status }) => status);
      expect(statuses).toContain(204);
      expect(statuses.filter((status) => status !== 204 && status !== 401)).toEqual([]);
      expect((await revoke()).status).toBe(401);
    });
  });

  /** Holds back the next look at a token, which has found it good, until it is let go. */
  function holdNextLook(): { found: () => boolean; letGo: () => void } {
    const reads = gateway.app.get(ReadConnection);
    const entities = reads.entities.bind(reads);
    const look = { isMade: false, letGo: () => undefined as void };
    const held = new Promise<void>((resolve) => (look.letGo = resolve));
    const spy = jest.spyOn(reads, 'entities');
    spy.mockImplementation(async (entity, sql, params) => {
      const found = await entities(entity, sql, params);
      if (look.isMade || !sql.includes('token_hash = ?')) return found;
      look.isMade = true;
      spy.mockRestore();
      await held;
      return found;
    });
    return { found: () => look.isMade, letGo: () => look.letGo() };
  }

  it('refuses who was looked up before it and let in behind it, then and later', async () => {
    const { id, token } = await makeKey('jobs:read');
    const call = () => gateway.call('GET', '/jobs', { token });
    const look = holdNextLook();
    const between = call();
    await eventually('it is looked up', look.found);
    expect((await gateway.asAdmin('DELETE', `/admin/api-keys/${id}`)).status).toBe(204);
    look.letGo();
    expect((await between).status).toBe(401);
    expect((await call()).status).toBe(401);
  });

  it('refuses an edge that was looked up before it and let in behind it, then and later', async () => {
    const { edgeId, token } = await gateway.enrolEdge();
    const body = { tasks: [] };
    const call = () => gateway.call('POST', '/internal/edges/heartbeat', { token, body });
    expect((await call()).status).toBe(200);
    const look = holdNextLook();
    const between = call();
    await eventually('it is looked up', look.found);
    expect((await gateway.asAdmin('DELETE', `/admin/edges/${edgeId}`)).status).toBe(204);
    look.letGo();
    expect((await between).status).toBe(401);
    expect((await call()).status).toBe(401);
  });

  it('ends a call that waits for the calls of an older token, and waits for those itself', async () => {
    const edge = await gateway.enrolEdge();
    const body = { tasks: [] };
    const beat = (token: string) =>
      gateway.call('POST', '/internal/edges/heartbeat', { token, body });
    await beat(edge.token);
    const heartbeats = gateway.app.get(Heartbeats);
    const work = { isBegun: false, goOn: () => undefined as void };
    const held = new Promise<void>((resolve) => (work.goOn = resolve));
    jest.spyOn(heartbeats, 'beatAll').mockImplementationOnce(async () => {
      work.isBegun = true;
      await held;
      return [];
    });
    const atWork = beat(edge.token);
    await eventually('the call is at work', () => work.isBegun);
    const waiting = beat(await rotate(edge));
    const isUsed = () => count('SELECT count(*) FROM unused_edge_tokens') === 0;
    await eventually('the new token is used', isUsed);
    const revoking = gateway.asAdmin('DELETE', `/admin/edges/${edge.edgeId}`);
    expect((await waiting).status).toBe(401);
    work.goOn();
    expect((await atWork).status).toBe(200);
    expect((await revoking).status).toBe(204);
  });

  async function leaseOne(edge: TestEdge): Promise<Task> {
    const path = '/internal/edges/tasks/next';
    return (await gateway.call<Task>('POST', path, { token: edge.token, body: {} })).body;
  }

  const rotate = async (edge: TestEdge) =>
    (await gateway.asAdmin<{ token: string }>('POST', `/admin/edges/${edge.edgeId}/rotate-token`))
      .body.token;

  /** What ends an edge's token, and the answer that tells of it. */
  const ENDINGS: Record<string, (edge: TestEdge) => Promise<number>> = {
    'of an edge': async ({ edgeId }) =>
      (await gateway.asAdmin('DELETE', `/admin/edges/${edgeId}`)).status,
    "of an edge's token by the first use of another": async (edge) => {
      const token = await rotate(edge);
      const body = { tasks: [] };
      const use = () => gateway.call('POST', '/internal/edges/heartbeat', { token, body });
      // As good as each other: whichever is answered first has ended the older token.
      return (await Promise.race([use(), use(), use()])).status;
    },
  };

  describe.each(Object.entries(ENDINGS))('%s', (what, endToken) => {
    it.each(Array.from({ length: ROUNDS }, (_, round) => round))(
      'ends all that it has let in, whatever it is doing: nothing comes behind the answer (%d)',
      async (round) => {
        const kind = `k-${what.length}-${round}`;
        const edge = await gateway.enrolEdge([kind]);
        const { token } = edge;
        await gateway.asAdmin('POST', '/jobs', { kind });
        const task = await leaseOne(edge);
        const at = `/internal/edges/tasks/${task.taskId}`;
        const lease = `Foreman-Lease: ${task.leaseToken}`;
        const polls = ['', 'Idempotency-Key: p1', ''].map((key) => {
          const body = '{"waitSeconds":50}';
          const headers = [JSON_BODY, `Content-Length: ${body.length}`, 'Connection: close'];
          const keyed = key === '' ? headers : [...headers, key];
          return begin(token, ['POST /internal/edges/tasks/next', ...keyed], body).read();
        });
        const row = '{"configId":"a","config":{},"metrics":{"m":1}}\n';
        const rows = halfSent(
          token,
          `POST ${at}/results`,
          `${lease}\r\nContent-Type: application/x-ndjson`,
          2 * row.length,
          row,
        );
        const upload = halfSent(token, `PUT ${at}/artifacts/a.txt`, lease, 8, 'half');
        const beats = Array.from({ length: 4 }, () =>
          callOn(token, 'POST', '/internal/edges/heartbeat', { tasks: [] }),
        );
        const parked = gateway.app.get(ParkedPolls);
        await eventually('all of it is under way', () => parked.count === 3);

        expect([200, 204]).toContain(await endToken(edge));
        const state = () => [
          count('SELECT count(*) FROM result_rows'),
          count('SELECT count(*) FROM artifacts WHERE task_id = ?', task.taskId),
          count('SELECT count(*) FROM attempts WHERE edge_id = ?', edge.edgeId),
          count('SELECT count(*) FROM late_writes'),
        ];
        const left = state();
        expect(parked.count).toBe(0);
        await gateway.asAdmin('POST', '/jobs', { kind });
        const body = { tasks: [] };
        const after = await gateway.call('POST', '/internal/edges/heartbeat', { token, body });
        expect(after.status).toBe(401);
        await rows.finish(row);
        await upload.finish('half');
        for (const poll of polls) await poll.finish('');
        await Promise.all(beats);
        expect(state()).toEqual(left);
        const told = [rows, upload, ...polls].map(({ text }) => text.slice(9, 12));
        expect(told).toEqual(['401', '401', '401', '401', '401']);
      },
    );
  });
});
