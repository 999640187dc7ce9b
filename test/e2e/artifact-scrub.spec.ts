import { Database } from '@foreman/database';
import { Logger } from '@nestjs/common';
import { eventually } from '@foreman/testing';
import { type InProcessGateway, startInProcess } from './harness';

interface Scrub {
  readonly status: string;
  readonly checked: number;
  readonly corrupt: number;
  readonly corruptItems: { jobId: string; name: string; foundSha256: string | null }[];
}

describe('the scrub over HTTP', () => {
  let gateway: InProcessGateway;
  let jobId: string;
  let inputPath: string;
  let lease: { token: string; headers: Record<string, string> };

  beforeAll(async () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    gateway = await startInProcess();
    const input = await gateway.asAdmin<{ id: string }>('POST', '/inputs', {
      contentType: 'text/csv',
    });
    await gateway.call('PUT', `/inputs/${input.body.id}`, {
      token: gateway.adminToken,
      headers: { 'content-type': 'text/csv' },
      body: 'time,close\n',
    });
    const edge = await gateway.enrolEdge(['large']);
    const inputs = [{ name: 'prices', inputId: input.body.id }];
    for (const ends of [true, false]) {
      const job = await gateway.asAdmin<{ id: string }>('POST', '/jobs', { kind: 'large', inputs });
      const { body: task } = await gateway.call<{ taskId: string; leaseToken: string }>(
        'POST',
        '/internal/edges/tasks/next',
        { token: edge.token, body: {} },
      );
      const path = `/internal/edges/tasks/${task.taskId}`;
      const headers = { 'Foreman-Lease': task.leaseToken };
      lease = { token: edge.token, headers };
      inputPath = `${path}/inputs/prices`;
      if (!ends) continue;
      jobId = job.body.id;
      await gateway.call('PUT', `${path}/artifacts/big.bin`, {
        token: edge.token,
        headers: { ...headers, 'content-type': 'application/octet-stream' },
        body: Buffer.alloc(600_000, 'x'),
      });
      await gateway.call('POST', `${path}/complete`, { ...lease, body: {} });
    }
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await gateway.stop();
  });

  const look = async () => (await gateway.asAdmin<Scrub>('GET', '/admin/artifacts/scrub')).body;
  const pass = async () => {
    expect((await gateway.asAdmin('POST', '/admin/artifacts/scrub')).status).toBe(202);
    return eventually('the pass is over', async () => {
      const scrub = await look();
      return scrub.status === 'idle' ? scrub : null;
    });
  };
  const artifact = `/artifacts/big.bin`;
  const download = (method = 'GET') => gateway.asAdmin(method, `/jobs/${jobId}${artifact}`);

  it('finds nothing while nothing is damaged', async () => {
    expect(await pass()).toMatchObject({ checked: 3, corrupt: 0, corruptItems: [] });
    expect((await download()).status).toBe(200);
  });

  it('finds a flipped bit, and from then on the artifact is not served', async () => {
    const { driver } = gateway.app.get(Database);
    const [chunk] = driver
      .prepare<unknown[], { blob_key: string; bytes: Buffer }>(
        'SELECT blob_key, bytes FROM blob_chunks WHERE start_byte = 262144',
      )
      .all();
    if (chunk === undefined) throw new Error('There is no second chunk');
    chunk.bytes[7] = (chunk.bytes[7] ?? 0) ^ 1;
    driver
      .prepare('UPDATE blob_chunks SET bytes = ? WHERE blob_key = ? AND start_byte = 262144')
      .run(chunk.bytes, chunk.blob_key);

    expect(await pass()).toMatchObject({
      checked: 3,
      corrupt: 1,
      corruptItems: [{ jobId, name: 'big.bin', foundSha256: expect.any(String) }],
    });
    const refused = await download();
    expect(refused).toMatchObject({ status: 500, body: { code: 'artifact.corrupt' } });
    expect((await download('HEAD')).status).toBe(500);
    const signed = await gateway.asAdmin<{ url: string }>(
      'POST',
      `/jobs/${jobId}${artifact}/download-url`,
      {},
    );
    const { pathname, search } = new URL(signed.body.url);
    expect((await gateway.call('GET', pathname + search)).status).toBe(500);
    expect((await gateway.asAdmin('GET', `/jobs/${jobId}/artifacts/completion`)).status).toBe(200);
    const stats = await gateway.asAdmin('GET', '/admin/stats');
    expect(stats.body).toMatchObject({ artifacts: { corrupt: 1 } });
  });

  it('keeps a damaged input from the edge', async () => {
    expect((await gateway.call('GET', inputPath, lease)).status).toBe(200);
    const { driver } = gateway.app.get(Database);
    driver
      .prepare(
        `UPDATE blob_chunks SET bytes = ? WHERE blob_key = (SELECT blob_key FROM input_blobs)`,
      )
      .run(Buffer.from('time,close!'));
    expect(await pass()).toMatchObject({ corrupt: 2 });
    expect(await gateway.call('GET', inputPath, lease)).toMatchObject({
      status: 500,
      body: { code: 'artifact.corrupt' },
    });
  });

  it('is for administrators', async () => {
    const token = await gateway.makeApiKey('jobs:read', 'jobs:write');
    for (const method of ['GET', 'POST']) {
      const answer = await gateway.call(method, '/admin/artifacts/scrub', { token });
      expect(answer.status).toBe(403);
    }
  });
});
