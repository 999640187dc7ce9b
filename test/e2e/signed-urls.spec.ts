import { createHash } from 'node:crypto';
import type { Server } from 'node:http';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { ReadConnection } from '@foreman/database';
import { eventually } from '@foreman/testing';
import { GatewayClient, type InProcessGateway, startInProcess, type TestEdge } from './harness';

jest.setTimeout(60_000);

/** What a proxy before the gateway takes off the path. */
const PREFIX = 'https://foreman.example/team-7';
const BYTES = Buffer.alloc(300_000, 'equity,');

interface Task {
  readonly taskId: string;
  readonly jobId: string;
  readonly leaseToken: string;
}

interface Issued {
  readonly url: string;
  readonly method: string;
  readonly headers?: Record<string, string>;
  readonly expiresAt: string;
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
/** As the proxy passes it on. */
const behindProxy = (url: string) => {
  expect(url.startsWith(`${PREFIX}/signed/`)).toBe(true);
  return url.slice(PREFIX.length);
};

describe('signed URLs', () => {
  let running: InProcessGateway;
  let gateway: GatewayClient;
  let service: string;
  let edge: TestEdge;

  beforeAll(async () => {
    running = await startInProcess({ publicUrl: PREFIX });
    const server: Server = running.app.getHttpServer();
    const { port } = server.address() as AddressInfo;
    gateway = new GatewayClient(`http://127.0.0.1:${port}`, running.adminToken);
    service = await gateway.makeApiKey('jobs:read', 'jobs:write');
    edge = await gateway.enrolEdge(['study']);
  });
  afterAll(() => running.stop());

  const atEdge = (method: string, path: string, task: Task, body: unknown, type?: string) =>
    gateway.call<Record<string, unknown>>(method, `/internal/edges/tasks/${task.taskId}/${path}`, {
      token: edge.token,
      body,
      headers: { 'Foreman-Lease': task.leaseToken, ...(type ? { 'content-type': type } : {}) },
    });
  const submit = async (): Promise<string> => {
    const body = { kind: 'study', payload: {} };
    const { body: job } = await gateway.call<{ id: string }>('POST', '/jobs', {
      token: service,
      body,
    });
    return job.id;
  };
  const lease = async (): Promise<Task> => {
    const options = { token: edge.token, body: {} };
    return (await gateway.call<Task>('POST', '/internal/edges/tasks/next', options)).body;
  };
  const leased = async (): Promise<Task> => {
    await submit();
    return lease();
  };
  const completed = async (name: string, bytes: Buffer, type = 'text/csv'): Promise<Task> => {
    const task = await leased();
    expect((await atEdge('PUT', `artifacts/${name}`, task, bytes, type)).status).toBe(201);
    expect((await atEdge('POST', 'complete', task, {})).status).toBe(200);
    return task;
  };
  const downloadUrl = async (jobId: string, name: string, body: object = {}) => {
    const path = `/jobs/${jobId}/artifacts/${name}/download-url`;
    const answer = await gateway.call<Issued>('POST', path, { token: service, body });
    expect(answer.status).toBe(200);
    return { ...answer.body, path: behindProxy(answer.body.url) };
  };
  const uploadUrl = async (task: Task, name: string, body: object) => {
    const answer = await atEdge('POST', `artifacts/${name}/upload-url`, task, body);
    expect(answer.status).toBe(200);
    const issued = answer.body as unknown as Issued;
    return { ...issued, path: behindProxy(issued.url) };
  };
  const problem = async (method: string, path: string, options = {}) => {
    const { status, body } = await gateway.call(method, path, options);
    return [status, body['code']];
  };

  describe('of downloads', () => {
    it('give the bytes to who has no token, with the headers of the artifact itself', async () => {
      const { jobId } = await completed('equity.csv', BYTES);
      const issued = await downloadUrl(jobId, 'equity.csv', { expiresSeconds: 60 });
      expect(issued.method).toBe('GET');
      const left = Date.parse(issued.expiresAt) - Date.now();
      expect(left).toBeGreaterThan(50_000);
      expect(left).toBeLessThanOrEqual(60_000);

      const own = await gateway.call('GET', `/jobs/${jobId}/artifacts/equity.csv`, {
        token: service,
      });
      const signed = await gateway.call('GET', issued.path);
      expect(signed.status).toBe(200);
      expect(signed.text).toBe(BYTES.toString());
      const constant = (headers: Headers) =>
        [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name));
      expect(constant(signed.headers)).toEqual(constant(own.headers));
    });

    it('answer HEAD, ranges and conditions', async () => {
      const { jobId } = await completed('equity.csv', BYTES);
      const { path } = await downloadUrl(jobId, 'equity.csv');
      const etag = `"${sha256(BYTES)}"`;
      const head = await gateway.call('HEAD', path);
      expect([head.status, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([
        200,
        String(BYTES.length),
        etag,
      ]);
      const part = await gateway.call('GET', path, { headers: { range: 'bytes=7-12' } });
      expect([part.status, part.text]).toEqual([206, 'equity']);
      const known = await gateway.call('GET', path, { headers: { 'if-none-match': etag } });
      expect(known.status).toBe(304);
      const beyond = await problem('GET', path, { headers: { range: 'bytes=300000-' } });
      expect(beyond).toEqual([416, 'artifact.range_not_satisfiable']);
      const other = await problem('GET', path, { headers: { 'if-match': '"x"' } });
      expect(other).toEqual([412, 'artifact.precondition_failed']);
    });

    it('do not look at a token that comes along', async () => {
      const { jobId } = await completed('a.txt', Buffer.from('a'), 'text/plain');
      const { path } = await downloadUrl(jobId, 'a.txt');
      for (const token of ['garbage', edge.token, `fmk_${'x'.repeat(43)}`]) {
        expect((await gateway.call('GET', path, { token })).status).toBe(200);
      }
      const bare = path.split('?')[0] ?? '';
      expect(await problem('GET', bare, { token: gateway.adminToken })).toEqual([
        403,
        'auth.forbidden',
      ]);
    });

    it('open one artifact by one method', async () => {
      const { jobId } = await completed('a.txt', Buffer.from('a'), 'text/plain');
      const { path } = await downloadUrl(jobId, 'a.txt');
      const forbidden = [403, 'auth.forbidden'];
      expect(await problem('GET', path.replace('a.txt', 'completion'))).toEqual(forbidden);
      expect(await problem('GET', path.replace(jobId, await submit()))).toEqual(forbidden);
      expect(await problem('GET', path.replace(/expires=\d+/, 'expires=9999999999999'))).toEqual(
        forbidden,
      );
      expect(await problem('GET', `${path}&expires=9999999999999`)).toEqual(forbidden);
      expect(await problem('GET', path.replace('/jobs/', '/tasks/'))).toEqual([
        404,
        'route.not_found',
      ]);
      expect(await problem('PUT', path, { body: 'x' })).toEqual([404, 'route.not_found']);
    });

    it('are handed to readers of jobs only, and for what is there', async () => {
      const { jobId } = await completed('a.txt', Buffer.from('a'), 'text/plain');
      const path = `/jobs/${jobId}/artifacts/a.txt/download-url`;
      const writer = await gateway.makeApiKey('jobs:write');
      expect(await problem('POST', path, { body: {} })).toEqual([401, 'auth.missing']);
      expect(await problem('POST', path, { body: {}, token: writer })).toEqual([
        403,
        'auth.forbidden',
      ]);
      const asked = (changed: string, body: object = {}) =>
        problem('POST', changed, { body, token: service });
      expect(await asked(path.replace('a.txt', 'b'))).toEqual([404, 'artifact.not_found']);
      expect(await asked(path.replace(jobId, 'nonsense'))).toEqual([404, 'job.not_found']);
      for (const body of [{ expiresSeconds: 0 }, { expiresSeconds: 604_801 }, { unknown: 1 }]) {
        expect(await asked(path, body)).toEqual([400, 'request.invalid']);
      }
    });

    it('end when the job is deleted', async () => {
      const { jobId } = await completed('a.txt', Buffer.from('a'), 'text/plain');
      const { path } = await downloadUrl(jobId, 'a.txt');
      await gateway.call('DELETE', `/jobs/${jobId}`, { token: service });
      expect(await problem('GET', path)).toEqual([404, 'artifact.not_found']);
    });

    it('do not serve what a retry put in the place of their bytes', async () => {
      const first = await leased();
      await atEdge('PUT', 'artifacts/log.txt', first, 'first', 'text/plain');
      const failure = { code: 'x', message: 'x', retryable: false, keepArtifacts: true };
      await atEdge('POST', 'fail', first, failure);
      const { path } = await downloadUrl(first.jobId, 'log.txt');
      expect((await gateway.call('GET', path)).text).toBe('first');

      await gateway.call('POST', `/jobs/${first.jobId}/retry`, { token: service, body: {} });
      const second = await lease();
      expect(second.jobId).toBe(first.jobId);
      await atEdge('PUT', 'artifacts/log.txt', second, 'second', 'text/plain');
      await atEdge('POST', 'complete', second, {});
      expect(await problem('GET', path)).toEqual([404, 'artifact.not_found']);
      const fresh = await downloadUrl(first.jobId, 'log.txt');
      expect((await gateway.call('GET', fresh.path)).text).toBe('second');
    });
  });

  describe('of uploads', () => {
    it('take the bytes from who has no token, and they are published with the task', async () => {
      const task = await leased();
      const issued = await uploadUrl(task, 'equity.csv', {
        contentType: 'text/csv',
        size: BYTES.length,
        sha256: sha256(BYTES),
      });
      expect(issued).toMatchObject({ method: 'PUT', headers: { 'Content-Type': 'text/csv' } });
      expect(issued.url).not.toContain(task.leaseToken);
      const put = () => gateway.call('PUT', issued.path, { body: BYTES, headers: issued.headers });
      const answer = await put();
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject({ name: 'equity.csv', sha256: sha256(BYTES) });
      expect((await put()).status).toBe(200);
      const artifacts = [{ name: 'equity.csv', sha256: sha256(BYTES) }];
      expect((await atEdge('POST', 'complete', task, { artifacts })).status).toBe(200);
      const path = `/jobs/${task.jobId}/artifacts/equity.csv`;
      const fetched = await gateway.call('GET', path, { token: service });
      expect([fetched.text, fetched.headers.get('content-type')]).toEqual([
        BYTES.toString(),
        'text/csv',
      ]);
      expect(await put().then(({ status, body }) => [status, body['code']])).toEqual([
        409,
        'lease.lost',
      ]);
    });

    it('take neither another type nor another size', async () => {
      const task = await leased();
      const { path } = await uploadUrl(task, 'a.csv', { contentType: 'text/csv', size: 3 });
      const put = (body: string | ReadableStream, type: string) =>
        fetch(gateway.baseUrl + path, {
          method: 'PUT',
          body,
          headers: { 'content-type': type },
          duplex: 'half',
        } as RequestInit).then(async (answer) => [
          answer.status,
          ((await answer.json()) as { detail: string }).detail,
        ]);
      const chunked = (...pieces: string[]) =>
        ReadableStream.from(pieces.map((piece) => Buffer.from(piece)));
      const size = 'body must have the 3 bytes that its URL was made for';
      expect(await put('a,b', 'text/html')).toEqual([
        400,
        'Content-Type must be text/csv, which the URL was made for',
      ]);
      expect(await put('a,', 'text/csv')).toEqual([400, size]);
      expect(await put('a,bc', 'text/csv')).toEqual([400, size]);
      expect(await put(chunked('a,', 'bc'), 'text/csv')).toEqual([400, size]);
      expect(await put(chunked('a'), 'text/csv')).toEqual([400, size]);
      expect((await put(chunked('a', ',b'), 'text/csv'))[0]).toBe(201);
    });

    it('are judged before a byte of the body has come', async () => {
      const task = await leased();
      const { path } = await uploadUrl(task, 'a.bin', { contentType: 'text/csv', size: 1_000_000 });
      const forged = path.replace('size=1000000', 'size=2000000');
      const socket = begin('PUT', forged, 2_000_000);
      expect(await text(socket)).toMatch(/^HTTP\/1.1 403 [^]*"auth.forbidden"/);
    });

    it('are fenced at their end: a lease that dies on the way takes its upload with it', async () => {
      const task = await leased();
      const { path } = await uploadUrl(task, 'a.bin', { contentType: 'text/csv', size: 100_000 });
      const socket = begin('PUT', path, 100_000);
      socket.write(Buffer.alloc(60_000));
      await eventually('the upload is under way', isUnderWay);
      await gateway.call('POST', `/jobs/${task.jobId}/cancel`, { token: service, body: {} });
      socket.write(Buffer.alloc(40_000));
      expect(await text(socket)).toMatch(/^HTTP\/1.1 409 [^]*"lease.lost"/);
    });

    it('are fenced at their start, and given out under a live lease only', async () => {
      const task = await leased();
      const request = { contentType: 'text/csv', size: 3 };
      const { path } = await uploadUrl(task, 'a.csv', request);
      await atEdge('POST', 'release', task, {});
      expect(
        await problem('PUT', path, { body: 'a,b', headers: { 'content-type': 'text/csv' } }),
      ).toEqual([409, 'lease.lost']);
      const { status, body } = await atEdge('POST', 'artifacts/a.csv/upload-url', task, request);
      expect([status, body['code']]).toEqual([409, 'lease.lost']);
      const stranger = await gateway.enrolEdge(['study']);
      const asStranger = await gateway.call(
        'POST',
        `/internal/edges/tasks/${task.taskId}/artifacts/a.csv/upload-url`,
        { token: stranger.token, body: request, headers: { 'Foreman-Lease': task.leaseToken } },
      );
      expect([asStranger.status, asStranger.body['code']]).toEqual([404, 'task.not_found']);
      await gateway.call('POST', `/jobs/${task.jobId}/cancel`, { token: service, body: {} });
    });

    it('are not given out for more than an artifact may have', async () => {
      const task = await leased();
      const request = { contentType: 'text/csv', size: 8_388_609 };
      const { status, body } = await atEdge('POST', 'artifacts/a.csv/upload-url', task, request);
      expect([status, body['code'], body['limitBytes']]).toEqual([
        413,
        'artifact.too_large',
        8_388_608,
      ]);
    });
  });

  /** Sends a request's head alone; the connection ends with its answer. */
  function begin(method: string, path: string, length: number): Socket {
    const { hostname, port } = new URL(gateway.baseUrl);
    const socket = connect(Number(port), hostname);
    socket.write(
      `${method} ${path} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n` +
        `Content-Type: text/csv\r\nContent-Length: ${length}\r\n\r\n`,
    );
    return socket;
  }

  /** Whether bytes of an upload are being stored. */
  async function isUnderWay(): Promise<boolean> {
    const sql = 'SELECT key FROM blobs WHERE size IS NULL AND released_at IS NULL';
    return (await running.app.get(ReadConnection).query(sql)).length > 0;
  }
});
