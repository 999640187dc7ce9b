import { DiskReserve } from '../../apps/gateway/http/disk-reserve';
import { type InProcessGateway, startInProcess } from './harness';

/** A start of the whole gateway takes a second, and many times that on a busy machine. */
jest.setTimeout(60_000);

/** More than any disk has: to the gateway, its disk is nearly full. */
const MORE_THAN_ANY_DISK_BYTES = Number.MAX_SAFE_INTEGER;

describe('a nearly full disk', () => {
  let gateway: InProcessGateway;
  let token: string;
  let task: { taskId: string; leaseToken: string };

  beforeAll(async () => {
    gateway = await startInProcess({ diskReserveBytes: MORE_THAN_ANY_DISK_BYTES });
    token = (await gateway.enrolEdge(['command'])).token;
    const reserve = gateway.app.get(DiskReserve);
    // The job that runs came while there was still room.
    const during = jest.spyOn(reserve, 'during').mockImplementation((_bytes, work) => work());
    await gateway.asAdmin('POST', '/jobs', { kind: 'command', payload: {} });
    during.mockRestore();
    const leased = await gateway.call<typeof task>('POST', '/internal/edges/tasks/next', {
      token,
      body: {},
    });
    task = leased.body;
  });
  afterAll(() => gateway.stop());

  const asEdge = (method: string, path: string, body?: unknown, type = 'application/json') =>
    gateway.call(method, `/internal/edges/tasks/${task.taskId}${path}`, {
      token,
      headers: { 'foreman-lease': task.leaseToken, 'content-type': type },
      body,
    });

  it('refuses new work and new bytes', async () => {
    const promise = { contentType: 'text/plain', size: 4 };
    const { body: issued } = await asEdge('POST', '/artifacts/log.txt/upload-url', promise);
    const signedPath = String(issued['url']).slice(gateway.baseUrl.length);
    const text = { body: 'text', headers: { 'content-type': 'text/plain' } };
    const answers = [
      await gateway.call('PUT', signedPath, text),
      await gateway.asAdmin('POST', '/jobs', { kind: 'command', payload: {} }),
      await gateway.asAdmin('POST', '/jobs/batch', { jobs: [{ kind: 'command', payload: {} }] }),
      await asEdge('POST', '/results', { rows: [{ configId: 'a', config: {}, metrics: {} }] }),
      await asEdge('PUT', '/artifacts/log.txt', 'text', 'text/plain'),
    ];
    for (const { body, headers } of answers) {
      expect(body).toMatchObject({ status: 507, code: 'server.storage_full' });
      expect(headers.get('retry-after')).toBe('60');
    }
  });

  it('lets heartbeats, completions and pruning go on', async () => {
    expect((await asEdge('POST', '/heartbeat', { started: true })).status).toBe(200);
    expect((await asEdge('POST', '/complete', { processedCount: 1 })).status).toBe(200);
    expect((await gateway.asAdmin('POST', '/admin/retention/run')).status).toBe(200);
  });
});
