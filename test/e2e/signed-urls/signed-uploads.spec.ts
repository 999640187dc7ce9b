import { text } from 'node:stream/consumers';
import { eventually } from '@foreman/testing';
import { BYTES, SignedGateway, sha256 } from './signed-gateway';

jest.setTimeout(60_000);

describe('signed URLs of uploads', () => {
  let lab: SignedGateway;

  beforeAll(async () => {
    lab = await SignedGateway.start();
  });
  afterAll(() => lab.stop());

  it('take the bytes from who has no token, and they are published with the task', async () => {
    const task = await lab.leased();
    const issued = await lab.uploadUrl(task, 'equity.csv', {
      contentType: 'text/csv',
      size: BYTES.length,
      sha256: sha256(BYTES),
    });
    expect(issued).toMatchObject({ method: 'PUT', headers: { 'Content-Type': 'text/csv' } });
    expect(issued.url).not.toContain(task.leaseToken);
    const put = () =>
      lab.gateway.call('PUT', issued.path, { body: BYTES, headers: issued.headers });
    const answer = await put();
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ name: 'equity.csv', sha256: sha256(BYTES) });
    expect((await put()).status).toBe(200);
    const artifacts = [{ name: 'equity.csv', sha256: sha256(BYTES) }];
    expect((await lab.atEdge('POST', 'complete', task, { artifacts })).status).toBe(200);
    const path = `/jobs/${task.jobId}/artifacts/equity.csv`;
    const fetched = await lab.gateway.call('GET', path, { token: lab.service });
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
    const task = await lab.leased();
    const { path } = await lab.uploadUrl(task, 'a.csv', { contentType: 'text/csv', size: 3 });
    const put = (body: string | ReadableStream, type: string) =>
      fetch(lab.gateway.baseUrl + path, {
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
    const task = await lab.leased();
    const { path } = await lab.uploadUrl(task, 'a.bin', {
      contentType: 'text/csv',
      size: 1_000_000,
    });
    const forged = path.replace('size=1000000', 'size=2000000');
    const socket = lab.begin(forged, 2_000_000);
    expect(await text(socket)).toMatch(/^HTTP\/1.1 403 [^]*"auth.forbidden"/);
  });

  it('are fenced at their end: a lease that dies on the way takes its upload with it', async () => {
    const task = await lab.leased();
    const { path } = await lab.uploadUrl(task, 'a.bin', { contentType: 'text/csv', size: 100_000 });
    const socket = lab.begin(path, 100_000);
    socket.write(Buffer.alloc(60_000));
    await eventually('the upload is under way', () => lab.isUploading());
    await lab.gateway.call('POST', `/jobs/${task.jobId}/cancel`, { token: lab.service, body: {} });
    socket.write(Buffer.alloc(40_000));
    expect(await text(socket)).toMatch(/^HTTP\/1.1 409 [^]*"lease.lost"/);
  });

  it('are fenced at their start, and given out under a live lease only', async () => {
    const task = await lab.leased();
    const request = { contentType: 'text/csv', size: 3 };
    const { path } = await lab.uploadUrl(task, 'a.csv', request);
    await lab.atEdge('POST', 'release', task, {});
    expect(
      await lab.problem('PUT', path, { body: 'a,b', headers: { 'content-type': 'text/csv' } }),
    ).toEqual([409, 'lease.lost']);
    const { status, body } = await lab.atEdge('POST', 'artifacts/a.csv/upload-url', task, request);
    expect([status, body['code']]).toEqual([409, 'lease.lost']);
    const stranger = await lab.gateway.enrolEdge(['study']);
    const asStranger = await lab.gateway.call(
      'POST',
      `/internal/edges/tasks/${task.taskId}/artifacts/a.csv/upload-url`,
      { token: stranger.token, body: request, headers: { 'Foreman-Lease': task.leaseToken } },
    );
    expect([asStranger.status, asStranger.body['code']]).toEqual([404, 'task.not_found']);
    await lab.gateway.call('POST', `/jobs/${task.jobId}/cancel`, { token: lab.service, body: {} });
  });

  it('are not given out for more than an artifact may have', async () => {
    const task = await lab.leased();
    const request = { contentType: 'text/csv', size: 8_388_609 };
    const { status, body } = await lab.atEdge('POST', 'artifacts/a.csv/upload-url', task, request);
    expect([status, body['code'], body['limitBytes']]).toEqual([
      413,
      'artifact.too_large',
      8_388_608,
    ]);
  });
});
