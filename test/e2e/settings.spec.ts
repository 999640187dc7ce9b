import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type DataFolder, makeDataFolder } from './harness/data-folder';
import { GatewayProcess } from './harness/gateway-process';

/** A start takes two seconds, and many times that on a busy machine. */
jest.setTimeout(60_000);

/** The built gateway as an operator starts it. */
describe('starting and stopping', () => {
  let folder: DataFolder;
  const running: GatewayProcess[] = [];

  const start = async (environment: Record<string, string> = {}) => {
    const gateway = await GatewayProcess.start(folder.path, environment);
    running.push(gateway);
    return gateway;
  };
  const refusal = (environment: Record<string, string> = {}) =>
    GatewayProcess.runToEnd(folder.path, environment);

  beforeEach(async () => {
    folder = await makeDataFolder();
  });
  afterEach(async () => {
    for (const gateway of running.splice(0)) await gateway.kill();
    await folder.remove();
  });

  it('makes its token and key on first start, tells where, and keeps them', async () => {
    const first = await start();
    for (const name of ['admin-token', 'secret-key']) {
      const path = join(folder.path, name);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect(first.output()).toContain(path);
      expect(first.output()).not.toContain((await readFile(path, 'utf8')).trim());
    }
    expect((await first.asAdmin('GET', '/admin/stats')).status).toBe(200);
    await first.terminate();
    const second = await start();
    expect(second.adminToken).toBe(first.adminToken);
    expect(second.output()).not.toContain(join(folder.path, 'admin-token'));
    expect((await second.asAdmin('GET', '/admin/stats')).status).toBe(200);
  });

  it('lets the settings name another admin token, and ends the one before', async () => {
    const first = await start();
    await first.terminate();
    const named = await start({ FOREMAN_ADMIN_TOKEN: `fmk_${'n'.repeat(43)}` });
    expect((await named.asAdmin('GET', '/admin/stats')).status).toBe(200);
    const before = await named.call('GET', '/admin/stats', { token: first.adminToken });
    expect(before.status).toBe(401);
  });

  it('names every wrong setting at once, and touches nothing', async () => {
    const { code, output } = await refusal({
      PORT: 'eighty',
      FOREMAN_LEASE_SECONDS: '1',
      FOREMAN_ADMIN_TOKEN: 'fmk_too-short-to-be-safe',
    });
    expect(code).toBe(1);
    for (const name of ['PORT', 'FOREMAN_LEASE_SECONDS', 'FOREMAN_ADMIN_TOKEN']) {
      expect(output).toContain(`${name} must be`);
    }
    expect(output).not.toContain('too-short-to-be-safe');
    await expect(stat(join(folder.path, 'foreman.db'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('refuses a data folder that another live gateway holds, until that one is dead', async () => {
    const first = await start();
    const { code, output } = await refusal();
    expect([code, output]).toEqual([1, expect.stringContaining('Another live process holds')]);
    expect((await first.asAdmin('GET', '/admin/stats')).status).toBe(200);
    await first.kill();
    const next = await start();
    expect((await next.asAdmin('GET', '/admin/stats')).status).toBe(200);
  });

  it('says that a port is taken', async () => {
    const first = await start();
    const other = await makeDataFolder();
    const { code, output } = await GatewayProcess.runToEnd(other.path, {
      PORT: new URL(first.baseUrl).port,
    });
    await other.remove();
    expect([code, output]).toEqual([1, expect.stringContaining('EADDRINUSE')]);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'on %s answers parked polls, and ends with 0',
    async (signal) => {
      const gateway = await start();
      const { token } = await gateway.enrolEdge(['command']);
      const poll = gateway.call('POST', '/internal/edges/tasks/next', {
        token,
        body: { waitSeconds: 50 },
      });
      // Parked or just about to park: both must be answered.
      expect((await gateway.call('GET', '/readyz')).status).toBe(200);
      const startedAt = performance.now();
      expect(await gateway.terminate(signal)).toEqual({ code: 0, signal: null });
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      expect((await poll).status).toBe(204);
    },
  );

  it('logs one JSON line a request, with its id and without secrets', async () => {
    const gateway = await start({ FOREMAN_LOG_LEVEL: 'trace' });
    const edge = await gateway.enrolEdge(['command']);
    const apiKey = await gateway.makeApiKey('jobs:write');
    await gateway.call('POST', '/jobs?note=in-the-query', {
      token: apiKey,
      headers: { 'x-request-id': 'my-request' },
      body: { kind: 'command', payload: { password: 'in-the-payload' } },
    });
    const leased = await gateway.call<{ leaseToken: string; taskId: string }>(
      'POST',
      '/internal/edges/tasks/next',
      { token: edge.token, body: {} },
    );
    await gateway.call('POST', `/internal/edges/tasks/${leased.body.taskId}/heartbeat`, {
      token: edge.token,
      headers: { 'foreman-lease': leased.body.leaseToken },
      body: { started: true },
    });
    await gateway.terminate();

    const lines = gateway
      .output()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { req?: { id: string; path: string } });
    expect(lines).toContainEqual(
      expect.objectContaining({
        req: expect.objectContaining({ id: 'my-request', method: 'POST', path: '/jobs' }),
        res: { status: 201 },
      }),
    );
    for (const secret of [
      gateway.adminToken,
      apiKey,
      edge.token,
      leased.body.leaseToken,
      'in-the-query',
      'in-the-payload',
    ]) {
      expect(gateway.output()).not.toContain(secret);
    }
  });
});
