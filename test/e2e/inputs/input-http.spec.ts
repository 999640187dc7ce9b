import { randomBytes } from 'node:crypto';
import { Retention } from '@foreman/retention';
import { reprDigest } from '@foreman/gateway-http';
import { sha256Hex } from '@foreman/kernel';
import { FakeClock } from '@foreman/testing';
import { DiskReserve } from '../../../apps/gateway/http/disk-reserve';
import { type InProcessGateway, type TestEdge, startInProcess } from '../harness';

/** A start of the whole gateway takes a second, and many times that on a busy machine. */
jest.setTimeout(60_000);

const MAX_BYTES = 1_000_000;
const UNKNOWN = '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c99';

interface Task {
  readonly taskId: string;
  readonly leaseToken: string;
  readonly inputs: { name: string; inline: unknown; url: string | null; sha256: string }[];
}

describe('inputs over HTTP', () => {
  const clock = new FakeClock();
  let gateway: InProcessGateway;
  let edge: TestEdge;
  let stranger: TestEdge;
  let writer: string;
  let reader: string;

  beforeAll(async () => {
    gateway = await startInProcess({ artifactMaxBytes: MAX_BYTES }, { clock });
    edge = await gateway.enrolEdge(['test']);
    stranger = await gateway.enrolEdge(['test']);
    writer = await gateway.makeApiKey('jobs:write');
    reader = await gateway.makeApiKey('jobs:read');
  });
  afterAll(() => gateway.stop());

  const create = async (body: object = {}, headers: Record<string, string> = {}) =>
    gateway.call<{ id: string }>('POST', '/inputs', {
      token: writer,
      headers,
      body: { contentType: 'application/octet-stream', ...body },
    });
  const put = (id: string, body: Uint8Array | string, headers: Record<string, string> = {}) =>
    gateway.call('PUT', `/inputs/${id}`, { token: writer, body, headers });
  const stored = async (bytes: Uint8Array | string, body: object = {}) => {
    const { id } = (await create(body)).body;
    expect((await put(id, bytes)).status).toBe(201);
    return id;
  };
  const submit = (inputs: unknown, more: object = {}) =>
    gateway.asAdmin<{ id: string; errors?: { path: string }[] }>('POST', '/jobs', {
      kind: 'test',
      inputs,
      ...more,
    });
  const lease = async () => {
    const answer = await gateway.call<Task>('POST', '/internal/edges/tasks/next', {
      token: edge.token,
      body: {},
    });
    expect(answer.status).toBe(200);
    return answer.body;
  };
  const fetchInput = (
    { taskId, leaseToken }: Pick<Task, 'taskId' | 'leaseToken'>,
    name: string,
    headers: Record<string, string> = {},
    { method = 'GET', token = edge.token } = {},
  ) =>
    fetch(`${gateway.baseUrl}/internal/edges/tasks/${taskId}/inputs/${name}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'foreman-lease': leaseToken, ...headers },
    });
  const end = ({ taskId, leaseToken }: Task) =>
    gateway.call('POST', `/internal/edges/tasks/${taskId}/complete`, {
      token: edge.token,
      headers: { 'foreman-lease': leaseToken },
      body: {},
    });

  it('go the whole way: announced, put, named, leased, fetched', async () => {
    const bytes = randomBytes(300_000);
    const sha256 = sha256Hex(bytes);
    const made = await create({ size: bytes.length, sha256, contentType: 'text/html' });
    expect(made.status).toBe(201);
    const { id } = made.body;
    const url = `${gateway.baseUrl}/inputs/${id}`;
    expect(made.headers.get('location')).toBe(url);
    expect(made.body).toMatchObject({ url, storedAt: null, inUse: false, sha256 });
    const answer = await put(id, bytes, { 'repr-digest': reprDigest(sha256) });
    expect(answer).toMatchObject({ status: 201, body: { id, sha256, size: bytes.length } });
    expect((await put(id, bytes)).status).toBe(200);
    expect((await put(id, 'other')).body).toMatchObject({ status: 409, code: 'input.conflict' });

    expect((await submit([{ name: 'page', inputId: id }])).status).toBe(201);
    const task = await lease();
    const path = `/internal/edges/tasks/${task.taskId}/inputs/page`;
    expect(task.inputs).toEqual([
      {
        name: 'page',
        content_type: 'text/html',
        size: bytes.length,
        inline: null,
        url: gateway.baseUrl + path,
        sha256,
      },
    ]);
    const fetched = await fetchInput(task, 'page');
    expect(bytes.equals(Buffer.from(await fetched.arrayBuffer()))).toBe(true);
    expect(Object.fromEntries(fetched.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': expect.stringContaining('attachment'),
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      etag: `"${sha256}"`,
      'repr-digest': reprDigest(sha256),
      'accept-ranges': 'bytes',
    });
    const head = await fetchInput(task, 'page', {}, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe(String(bytes.length));
    const range = { range: 'bytes=299990-', 'if-range': `"${sha256}"` };
    const part = await fetchInput(task, 'page', range);
    expect(part.status).toBe(206);
    expect(bytes.subarray(299_990).equals(Buffer.from(await part.arrayBuffer()))).toBe(true);
    expect((await fetchInput(task, 'page', { range: 'bytes=300000-' })).status).toBe(416);
    await end(task);
  });

  it('are fetched by the holder of the lease alone', async () => {
    await submit([{ name: 'a', inputId: await stored('a') }]);
    const task = await lease();
    const refused = async (answer: Promise<Response>) => {
      const { status, body } = await answer.then(async (response) => ({
        status: response.status,
        body: (await response.json()) as { code: string },
      }));
      return `${status} ${body.code}`;
    };
    const fetching = fetchInput;
    expect(await refused(fetching(task, 'a', {}, { token: stranger.token }))).toBe(
      '404 task.not_found',
    );
    expect(await refused(fetching(task, 'a', {}, { token: writer }))).toBe('401 auth.invalid');
    expect(await refused(fetching({ ...task, leaseToken: UNKNOWN }, 'a'))).toBe('409 lease.lost');
    expect(await refused(fetching({ ...task, leaseToken: '' }, 'a'))).toBe('400 lease.missing');
    expect(await refused(fetching(task, 'b'))).toBe('404 input.not_found');
    expect(await refused(fetching({ ...task, taskId: 'x' }, 'a'))).toBe('404 task.not_found');
    await end(task);
    expect(await refused(fetching(task, 'a'))).toBe('409 lease.lost');
  });

  it('are made once for an Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'input-1' };
    const first = await create({ ttlSeconds: 60 }, headers);
    const again = await create({ ttlSeconds: 60 }, headers);
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body).toEqual(first.body);
    const other = await create({ ttlSeconds: 61 }, headers);
    expect(other.body).toMatchObject({ status: 409, code: 'idempotency.conflict' });
  });

  it('are found again by their key as long as they live', async () => {
    const headers = { 'idempotency-key': 'input-2' };
    const first = await create({ ttlSeconds: 3 * 86_400 }, headers);
    clock.advance(2 * 86_400_000);
    await gateway.app.get(Retention).runOnce();
    expect((await create({ ttlSeconds: 3 * 86_400 }, headers)).body).toEqual(first.body);
    clock.advance(2 * 86_400_000);
    await gateway.app.get(Retention).runOnce();
    const later = await create({ ttlSeconds: 3 * 86_400 }, headers);
    expect(later.status).toBe(201);
    expect(later.body.id).not.toBe(first.body.id);
  });

  it('are looked at and deleted by those who may', async () => {
    const id = await stored('a');
    const as = (token: string, method: string) => gateway.call(method, `/inputs/${id}`, { token });
    expect((await as(writer, 'GET')).status).toBe(403);
    expect((await as(reader, 'DELETE')).status).toBe(403);
    expect((await as(edge.token, 'GET')).status).toBe(401);
    expect(await as(reader, 'GET')).toMatchObject({ status: 200, body: { id, size: 1 } });
    expect((await as(reader, 'HEAD')).status).toBe(200);
    expect((await as(writer, 'DELETE')).status).toBe(204);
    for (const method of ['GET', 'PUT', 'DELETE']) {
      expect((await gateway.asAdmin(method, `/inputs/${id}`)).body).toMatchObject({
        code: 'input.not_found',
      });
    }
    expect((await gateway.asAdmin('GET', '/inputs/nonsense')).status).toBe(404);
  });

  it('are refused where they are wrong', async () => {
    const refusals: [object, number, string][] = [
      [{ contentType: 'nonsense' }, 400, 'request.invalid'],
      [{ size: -1 }, 400, 'request.invalid'],
      [{ sha256: 'short' }, 400, 'request.invalid'],
      [{ ttlSeconds: 0 }, 400, 'request.invalid'],
      [{ name: 'unknown field' }, 400, 'request.invalid'],
      [{ size: MAX_BYTES + 1 }, 413, 'artifact.too_large'],
    ];
    for (const [body, status, code] of refusals) {
      expect((await create(body)).body).toMatchObject({ status, code });
    }
    const { id } = (await create({ size: 3 })).body;
    const puts: [string | Uint8Array, Record<string, string>, number, string][] = [
      ['four', {}, 400, 'request.invalid'],
      ['abc', { 'repr-digest': reprDigest(sha256Hex('x')) }, 400, 'artifact.digest_mismatch'],
      ['abc', { 'content-digest': 'sha-256=:x' }, 400, 'request.invalid'],
      [Buffer.alloc(MAX_BYTES + 1), {}, 400, 'request.invalid'],
    ];
    for (const [body, headers, status, code] of puts) {
      expect((await put(id, body, headers)).body).toMatchObject({ status, code });
    }
    const { id: unannounced } = (await create()).body;
    expect((await put(unannounced, Buffer.alloc(MAX_BYTES + 1))).body).toMatchObject({
      status: 413,
      code: 'artifact.too_large',
    });
    expect((await put(UNKNOWN, 'abc')).body).toMatchObject({ code: 'input.not_found' });
    expect((await put(id, 'abc')).status).toBe(201);
  });

  it('that a job cannot have are named, each by its place, in a batch too', async () => {
    const { id: open } = (await create()).body;
    const good = await stored('good');
    const inputs = [
      { name: 'a', inputId: good },
      { name: 'b', inputId: open },
    ];
    const tasks = [{ inputs: [{ name: 'c', inputId: UNKNOWN }] }];
    const paths = (body: { errors?: { path: string }[] }) =>
      (body.errors ?? []).map(({ path }) => path).toSorted();
    const refused = await submit(inputs, { tasks });
    expect(refused.status).toBe(400);
    expect(paths(refused.body)).toEqual(['inputs.1.inputId', 'tasks.0.inputs.0.inputId']);
    const jobs = [
      { kind: 'test', inputs: inputs.slice(0, 1) },
      { kind: 'test', inputs },
    ];
    const batch = await gateway.asAdmin<{ errors: { path: string }[] }>('POST', '/jobs/batch', {
      jobs,
    });
    expect(batch.status).toBe(400);
    expect(paths(batch.body)).toEqual(['jobs.1.inputs.1.inputId']);
    expect((await gateway.asAdmin('GET', `/inputs/${good}`)).body).toMatchObject({ inUse: false });
    const malformed: [unknown, string][] = [
      [[{ name: 'a' }], 'inputs[0].inputId'],
      [[{ name: 1, inputId: good }], 'inputs[0].name'],
      [[{ name: '.a', inputId: good }], 'inputs.0.name'],
      [{}, 'inputs'],
    ];
    for (const [value, path] of malformed) {
      expect(paths((await submit(value)).body)).toContain(path);
    }
  });

  it('are not more than 5000 in one request', async () => {
    const inputs = Array.from({ length: 100 }, (_, index) => ({
      name: `n${index}`,
      inputId: UNKNOWN,
    }));
    const jobs = Array.from({ length: 51 }, () => ({ kind: 'test', inputs }));
    const batch = await gateway.asAdmin('POST', '/jobs/batch', { jobs });
    expect(batch.body).toMatchObject({
      status: 400,
      errors: [{ path: 'jobs', message: 'may name at most 5000 inputs together' }],
    });
  });

  it('live as long as a job that names them, and go with it', async () => {
    const id = await stored(randomBytes(300_000), { ttlSeconds: 60 });
    const job = await submit([{ name: 'a', inputId: id }], { ttlSeconds: 0 });
    clock.advance(3_600_000);
    const retention = gateway.app.get(Retention);
    await retention.runOnce();
    expect((await gateway.asAdmin('GET', `/inputs/${id}`)).body).toMatchObject({ inUse: true });
    const task = await lease();
    expect((await fetchInput(task, 'a')).status).toBe(200);
    await end(task);
    clock.advance(3_600_000);
    await retention.runOnce();
    expect((await gateway.asAdmin('GET', `/jobs/${job.body.id}`)).status).toBe(404);
    expect((await gateway.asAdmin('GET', `/inputs/${id}`)).status).toBe(404);
  });

  it('are refused on a nearly full disk', async () => {
    const { id } = (await create()).body;
    const reserve = gateway.app.get(DiskReserve);
    const full = await startInProcess({ diskReserveBytes: Number.MAX_SAFE_INTEGER });
    const during = jest
      .spyOn(reserve, 'during')
      .mockImplementation((bytes, work) => full.app.get(DiskReserve).during(bytes, work));
    expect((await create()).body).toMatchObject({ status: 507, code: 'server.storage_full' });
    expect((await put(id, 'a')).body).toMatchObject({ status: 507, code: 'server.storage_full' });
    during.mockRestore();
    await full.stop();
    expect((await put(id, 'a')).status).toBe(201);
  });
});
