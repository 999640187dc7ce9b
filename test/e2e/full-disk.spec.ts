import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import BetterSqlite3 from 'better-sqlite3';
import { eventually } from '@foreman/testing';
import { GatewayProcess, SmallDisk, type DataFolder, makeDataFolder } from './harness';

/** Two starts of a process, on a machine that may be busy. */
jest.setTimeout(180_000);

const MIB = 1_048_576;
const DISK_BYTES = 32 * MIB;
const RESERVE_BYTES = 10 * MIB;
const ADMIN_TOKEN = `fmk_${'d'.repeat(43)}`;
const SETTINGS = {
  FOREMAN_DISK_RESERVE_BYTES: String(RESERVE_BYTES),
  FOREMAN_ADMIN_TOKEN: ADMIN_TOKEN,
  FOREMAN_ARTIFACT_MAX_BYTES: String(64 * MIB),
  // Nothing is swept behind the test's back, and no lease ends.
  FOREMAN_LEASE_SECONDS: '3600',
  FOREMAN_RETENTION_CRON: '0 0 1 1 *',
};

interface Task {
  readonly taskId: string;
  readonly jobId: string;
  readonly leaseToken: string;
}

/** One story, told in order: a disk fills up, is full to the last byte, and has room again. */
describe('a disk that fills up', () => {
  let disk: SmallDisk;
  let copies: DataFolder;
  let gateway: GatewayProcess;
  let edge: { readonly token: string };
  const uploads = new Map<string, string>();
  let worked: Task;
  let large: Task;
  let small: Task[];

  beforeAll(async () => {
    copies = await makeDataFolder();
    disk = await SmallDisk.make(DISK_BYTES);
    gateway = await GatewayProcess.start(disk.path, SETTINGS, disk.through);
    edge = await gateway.enrolEdge(['command']);
    await submit(8);
    [worked, large, ...small] = await leaseAll(7);
  });

  afterAll(async () => {
    await gateway?.kill();
    await disk?.remove();
    await copies.remove();
  });

  async function submit(count: number) {
    const jobs = Array.from({ length: count }, () => ({ kind: 'command', payload: {} }));
    const answer = await gateway.asAdmin('POST', '/jobs/batch', { jobs });
    if (answer.status !== 201) throw new Error(answer.text);
  }

  async function leaseAll(max: number): Promise<[Task, Task, ...Task[]]> {
    const { body } = await gateway.call<{ items: [Task, Task, ...Task[]] }>(
      'POST',
      '/internal/edges/tasks/lease',
      { token: edge.token, body: { max } },
    );
    expect(body.items).toHaveLength(max);
    return body.items;
  }

  const asEdge = (task: Task, method: string, path: string, body?: unknown, type?: string) =>
    gateway.call(method, `/internal/edges/tasks/${task.taskId}${path}`, {
      token: edge.token,
      body,
      headers: { 'foreman-lease': task.leaseToken, 'content-type': type ?? 'application/json' },
    });

  const upload = (task: Task, name: string, bytes: Buffer) =>
    asEdge(task, 'PUT', `/artifacts/${name}`, bytes, 'application/octet-stream');

  const beat = (task: Task) => asEdge(task, 'POST', '/heartbeat', { started: true, processed: 1 });

  const run = () => gateway.asAdmin('POST', '/admin/retention/run');

  /** A body without a length, of which nobody knows how long it will be. */
  async function stream(bytes: number): Promise<{ status: number; sent: number }> {
    let sent = 0;
    const body = Readable.from(
      (async function* () {
        for (; sent < bytes; sent += 65_536) yield randomBytes(65_536);
      })(),
    );
    const response = await fetch(
      `${gateway.baseUrl}/internal/edges/tasks/${worked.taskId}/artifacts/endless`,
      {
        method: 'PUT',
        headers: { authorization: `Bearer ${edge.token}`, 'foreman-lease': worked.leaseToken },
        body: Readable.toWeb(body) as ReadableStream,
        duplex: 'half',
      } as RequestInit,
    );
    await response.arrayBuffer();
    return { status: response.status, sent };
  }

  it('goes on when there is not one byte left, though its log has never been long', async () => {
    const logBytes = await disk.sizeOf('foreman.db-wal');
    await disk.fill();
    // Each is some pages of the log: together many more than it has, and fewer than SQLite waits for.
    for (let index = 0; index < 200; index += 1) expect((await beat(worked)).status).toBe(200);
    expect(await disk.sizeOf('foreman.db-wal')).toBeLessThan(logBytes + 32_768);
    await disk.makeRoom();
    await eventually('new work is taken', async () => {
      const answer = await upload(worked, 'a0', Buffer.from('small'));
      return answer.status !== 507;
    });
  });

  it('cuts an upload off that flows into the reserve, and keeps nothing of it', async () => {
    expect(await stream(40 * MIB)).toMatchObject({ status: 507 });
    expect(await disk.freeBytes()).toBeGreaterThan(RESERVE_BYTES - 2 * MIB);
    expect((await run()).status).toBe(200);
    expect(await disk.freeBytes()).toBeGreaterThan(20 * MIB);
  });

  it('takes uploads until the reserve is reached, and then no new work', async () => {
    await eventually('there is room again', async () => {
      const answer = await upload(worked, 'a0', Buffer.from('small'));
      return answer.status !== 507;
    });
    const refused = await eventually('an upload is refused', async () => {
      const bytes = randomBytes(MIB);
      const name = `a${uploads.size}`;
      const answer = await upload(worked, name, bytes);
      if (answer.status !== 201) return answer;
      uploads.set(name, createHash('sha256').update(bytes).digest('hex'));
      return null;
    });
    expect(refused).toMatchObject({ status: 507, body: { code: 'server.storage_full' } });
    expect(refused.headers.get('retry-after')).toBe('60');
    expect(uploads.size).toBeGreaterThan(5);
    expect(await disk.freeBytes()).toBeGreaterThan(RESERVE_BYTES - 2 * MIB);
    const rows = { rows: [{ configId: 'a', config: {}, metrics: {} }] };
    const answers = [
      await gateway.asAdmin('POST', '/jobs', { kind: 'command', payload: {} }),
      await asEdge(worked, 'POST', '/results', rows),
      await gateway.asAdmin('POST', '/inputs', { contentType: 'text/plain' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([507, 507, 507]);
  });

  it('goes on with what runs when there is not one byte left', async () => {
    await disk.fill();
    expect(await disk.freeBytes()).toBe(0);
    const [first, second, third] = small as [Task, Task, Task];
    for (let index = 0; index < 30; index += 1) expect((await beat(worked)).status).toBe(200);
    const answers = [
      await asEdge(first, 'POST', '/complete', { processedCount: 1 }),
      await asEdge(second, 'POST', '/fail', { code: 'x', message: 'y', retryable: false }),
      await asEdge(third, 'POST', '/release', {}),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    await leaseAll(2);
  });

  it('refuses what does not fit, and the lease lives on', async () => {
    expect((await beat(large)).status).toBe(200);
    const answer = await complete(large);
    expect(answer).toMatchObject({ status: 507, body: { code: 'server.storage_full' } });
    expect((await beat(large)).status).toBe(200);
    expect((await beat(worked)).status).toBe(200);
  });

  const complete = (task: Task) =>
    asEdge(task, 'POST', '/complete', {
      processedCount: 1,
      artifacts: [{ name: 'log', content_type: 'text/plain', inline: 'x'.repeat(7 * MIB) }],
    });

  it('starts again on the full disk after a kill -9, with everything that it had answered', async () => {
    await gateway.kill();
    await disk.fill().catch(() => undefined);
    gateway = await GatewayProcess.start(disk.path, SETTINGS, disk.through);
    await disk.fill();
    expect((await beat(worked)).status).toBe(200);
    expect((await complete(large)).status).toBe(507);
    expect((await beat(large)).status).toBe(200);
    expect((await gateway.asAdmin('POST', '/jobs', { kind: 'command' })).status).toBe(507);
  });

  it('prunes on the full disk, and that alone makes room', async () => {
    const [, , , fourth] = small as [Task, Task, Task, Task];
    expect((await asEdge(fourth, 'POST', '/complete', {})).status).toBe(200);
    expect((await asEdge(worked, 'POST', '/complete', { processedCount: 1 })).status).toBe(200);
    const artifacts = await gateway.asAdmin<{ items: { name: string; sha256: string }[] }>(
      'GET',
      `/jobs/${worked.jobId}/artifacts`,
    );
    const stored = new Map(artifacts.body.items.map(({ name, sha256 }) => [name, sha256]));
    for (const [name, sha256] of uploads) expect([name, stored.get(name)]).toEqual([name, sha256]);
    expect((await gateway.asAdmin('DELETE', `/jobs/${worked.jobId}`)).status).toBe(204);
    expect((await run()).body).toMatchObject({ jobs: 1, artifacts: uploads.size + 1 });
    expect(await disk.freeBytes()).toBeGreaterThan((uploads.size - 1) * MIB);
  });

  it('says why it does not start when it was stopped and has no room for a new log', async () => {
    expect(await gateway.terminate()).toEqual({ code: 0, signal: null });
    await disk.fill();
    const { code, output } = await GatewayProcess.runToEnd(disk.path, SETTINGS, disk.through);
    expect(code).toBe(1);
    expect(output).toMatch(/disk/i);
    await disk.makeRoom();
    gateway = await GatewayProcess.start(disk.path, SETTINGS, disk.through);
    await disk.fill();
    expect((await beat(large)).status).toBe(200);
  });

  it('takes new work again as soon as there is room, without a restart', async () => {
    await disk.makeRoom();
    const accepted = await eventually('new work is taken', async () => {
      const answer = await gateway.asAdmin('POST', '/jobs', { kind: 'command', payload: {} });
      return answer.status === 201 ? answer : null;
    });
    expect(accepted.status).toBe(201);
    expect((await complete(large)).status).toBe(200);
    for (let index = 0; index < 4; index += 1) await submit(200);
    expect(await disk.sizeOf('foreman.db-wal')).toBeLessThanOrEqual(17 * MIB);
  });

  it('leaves a sound database behind', async () => {
    expect(await gateway.terminate()).toEqual({ code: 0, signal: null });
    await disk.copyTo(copies.path, 'foreman.db');
    const database = new BetterSqlite3(`${copies.path}/foreman.db`, { readonly: true });
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    database.close();
  });
});
