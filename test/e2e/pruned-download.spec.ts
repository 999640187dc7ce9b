import { Agent, type IncomingMessage, request } from 'node:http';
import { Retention } from '@foreman/retention';
import { type InProcessGateway, startInProcess } from './harness';

const BYTES = 7 * 1024 * 1024;

describe('a download whose artifact is pruned meanwhile', () => {
  let gateway: InProcessGateway;
  /** On a connection that would go on after the answer, an end that came too early could not be told from a pause. */
  const agent = new Agent({ keepAlive: true });

  beforeAll(async () => {
    gateway = await startInProcess();
  });
  afterAll(async () => {
    agent.destroy();
    await gateway.stop();
  });

  async function completedJob(): Promise<string> {
    const edge = await gateway.enrolEdge(['large']);
    const job = await gateway.asAdmin<{ id: string }>('POST', '/jobs', { kind: 'large' });
    const { body: task } = await gateway.call<{ taskId: string; leaseToken: string }>(
      'POST',
      '/internal/edges/tasks/next',
      { token: edge.token, body: {} },
    );
    const headers = {
      'Foreman-Lease': task.leaseToken,
      'content-type': 'application/octet-stream',
    };
    const path = `/internal/edges/tasks/${task.taskId}`;
    const body = Buffer.alloc(BYTES, 'x');
    await gateway.call('PUT', `${path}/artifacts/big.bin`, { token: edge.token, headers, body });
    const asLeased = { 'Foreman-Lease': task.leaseToken };
    await gateway.call('POST', `${path}/complete`, {
      token: edge.token,
      headers: asLeased,
      body: {},
    });
    return job.body.id;
  }

  /** The answer with its body not yet read: the kernel's buffers fill, and the gateway waits. */
  function startDownload(jobId: string): Promise<IncomingMessage> {
    const { hostname, port } = new URL(gateway.baseUrl);
    const path = `/jobs/${jobId}/artifacts/big.bin`;
    const headers = { authorization: `Bearer ${gateway.adminToken}` };
    return new Promise((resolve, reject) => {
      const sent = request({ hostname, port, path, headers, agent }, resolve);
      sent.on('error', reject);
      sent.end();
    });
  }

  async function readAll(answer: IncomingMessage): Promise<number> {
    let size = 0;
    for await (const piece of answer) size += (piece as Buffer).length;
    return size;
  }

  it('is cut off, never ended as if whole', async () => {
    const jobId = await completedJob();
    const whole = await startDownload(jobId);
    expect(await readAll(whole)).toBe(BYTES);

    const download = await startDownload(jobId);
    expect(download.statusCode).toBe(200);
    expect(Number(download.headers['content-length'])).toBe(BYTES);
    await gateway.asAdmin('DELETE', `/jobs/${jobId}`);
    expect(await gateway.app.get(Retention).runOnce()).toMatchObject({ jobs: 1, artifacts: 2 });
    await expect(readAll(download)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(download.complete).toBe(false);
  });
});
