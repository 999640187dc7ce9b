import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { connectionEnd } from '@foreman/testing';
import { startInProcess } from './harness';

/** main.ts gives up after 9.5 s. */
const STOPPED_WITHIN_MS = 9000;
/** More than what the kernel keeps of a connection. */
const LARGE_BYTES = 32 * 1_048_576;

it('stops in time with a silent receiver, a stalled upload, a stalled download and a parked poll', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const receiver = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
  const gateway = await startInProcess(
    { webhookAllowedNetworks: ['127.0.0.0/8'], artifactMaxBytes: LARGE_BYTES },
    { schedules: true },
  );
  const edge = await gateway.enrolEdge(['test']);
  const told = { kind: 'never', webhook: { url: receiver } };
  const job = await gateway.asAdmin<{ id: string }>('POST', '/jobs', told);
  const posted = once(silent, 'request');
  await gateway.asAdmin('POST', `/jobs/${job.body.id}/cancel`);
  await posted;

  const poll = (waitSeconds: number) =>
    gateway.call<{ taskId: string; jobId: string; leaseToken: string }>(
      'POST',
      '/internal/edges/tasks/next',
      { token: edge.token, body: { waitSeconds } },
    );
  await gateway.asAdmin('POST', '/jobs/batch', { jobs: [{ kind: 'test' }, { kind: 'test' }] });
  const done = (await poll(0)).body;
  const about = { token: edge.token, headers: { 'foreman-lease': done.leaseToken } };
  const path = `/internal/edges/tasks/${done.taskId}`;
  const body = Buffer.alloc(LARGE_BYTES);
  await gateway.call('PUT', `${path}/artifacts/large`, { ...about, body });
  await gateway.call('POST', `${path}/complete`, { ...about, body: {} });
  const { hostname, port } = new URL(gateway.baseUrl);
  const download = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const downloadEnd = connectionEnd(download);
  download.write(
    `GET /jobs/${done.jobId}/artifacts/large HTTP/1.0\r\nAuthorization: Bearer ${gateway.adminToken}\r\n\r\n`,
  );
  download.once('data', () => download.pause());
  await once(download, 'pause');

  const { taskId, leaseToken } = (await poll(0)).body;
  const upload = connect(Number(port), hostname);
  upload.on('error', () => undefined);
  upload.write(
    [
      `PUT /internal/edges/tasks/${taskId}/artifacts/a HTTP/1.1`,
      'Host: gateway',
      `Authorization: Bearer ${edge.token}`,
      `Foreman-Lease: ${leaseToken}`,
      'Content-Type: text/plain',
      'Content-Length: 1000000',
      '',
      'only the beginning',
    ].join('\r\n'),
  );
  const parked = poll(50);
  // An answered call behind them says that both have arrived.
  await poll(0);

  const startedMs = performance.now();
  await gateway.stop();
  const tookMs = performance.now() - startedMs;
  upload.destroy();
  download.resume();
  expect(await downloadEnd).toBe('reset');
  download.destroy();
  silent.closeAllConnections();
  silent.close();
  expect(tookMs).toBeLessThan(STOPPED_WITHIN_MS);
  expect((await parked).status).toBe(204);
}, 30_000);
