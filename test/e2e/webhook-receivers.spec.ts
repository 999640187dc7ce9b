import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Receiver } from '@foreman/testing';
import { WebhookSender } from '@foreman/webhooks';
import Database from 'better-sqlite3';
import {
  type DataFolder,
  type InProcessGateway,
  type TestEdge,
  makeDataFolder,
  startInProcess,
  testOptions,
} from './harness';
import { fencedBlocks, sectionOf } from './readme/markdown';
import { runBlocks } from './readme/run-blocks';
import { type RunningReceiver, runNest, runNode, runPython } from './receivers/receiving-programs';

/** A start of the whole gateway takes a second, and many times that on a busy machine. */
jest.setTimeout(120_000);

const secretOf = (seed: string) => `whsec_${Buffer.alloc(32, seed).toString('base64')}`;
const [FIRST, SECOND, FOREIGN] = [secretOf('first'), secretOf('second'), secretOf('foreign')];
const MIB = 1024 * 1024;

interface Delivery {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  readonly attempts: { statusCode: number | null }[];
}

interface Task {
  readonly taskId: string;
  readonly leaseToken: string;
}

describe('the programs of docs/webhooks.md', () => {
  let gateway: InProcessGateway;
  let edge: TestEdge;
  let folder: DataFolder;
  let document: string;
  const running: RunningReceiver[] = [];

  beforeAll(async () => {
    document = await readFile(join(__dirname, '../../docs/webhooks.md'), 'utf8');
    folder = await makeDataFolder();
    gateway = await startInProcess({
      webhookAllowedNetworks: ['127.0.0.0/8', '::1/128'],
      inlineLimitBytes: 6 * MIB,
      webhookInlineBudgetBytes: 6 * MIB,
    });
    edge = await gateway.enrolEdge(['k']);
  });

  afterAll(async () => {
    for (const receiver of running) await receiver.stop();
    await gateway.stop();
    await folder.remove();
  });

  const send = () => gateway.app.get(WebhookSender).runOnce();
  const atEdge = <T>(method: string, path: string, body: unknown, task?: Task) =>
    gateway.call<T>(method, `/internal/edges/tasks/${path}`, {
      token: edge.token,
      body,
      headers: {
        ...(task === undefined ? {} : { 'Foreman-Lease': task.leaseToken }),
        ...(typeof body === 'string' ? { 'content-type': 'text/plain' } : {}),
      },
    });
  const lease = async () => (await atEdge<Task>('POST', 'next', {})).body;

  async function submit(url: string, secret = FIRST): Promise<string> {
    const webhook = { url, secret, events: ['job.started', 'job.completed', 'job.cancelled'] };
    const { body } = await gateway.asAdmin('POST', '/jobs', { kind: 'k', webhook });
    return String(body['id']);
  }

  async function deliveries(jobId: string): Promise<Delivery[]> {
    const { body } = await gateway.asAdmin<{ items: Delivery[] }>(
      'GET',
      `/jobs/${jobId}/deliveries`,
    );
    return body.items;
  }
  const answersTo = async (jobId: string) =>
    (await deliveries(jobId)).map(({ type, status, attempts }) => [
      type,
      status,
      ...attempts.map(({ statusCode }) => statusCode),
    ]);

  it('are the ones that are tested here', async () => {
    const tested = ['job-inbox.ts', 'node-receiver.ts', 'nest-receiver.ts'].map((name) =>
      readFile(join(__dirname, 'receivers', name), 'utf8'),
    );
    expect(fencedBlocks(document, 'ts')).toEqual(await Promise.all(tested));
    expect(fencedBlocks(document, 'python')).toHaveLength(1);
    expect(fencedBlocks(document, 'sh')).toHaveLength(2);
  });

  it('stand beside the schedule that the gateway has by default', async () => {
    const rows = sectionOf(document, 'When it does not arrive').matchAll(
      /^\| +\d+ \| (\d+) (s|min|h) +\|/gm,
    );
    const seconds = { s: 1, min: 60, h: 3600 } as const;
    const documented = [...rows].map(
      ([, count, unit]) => Number(count) * seconds[unit as keyof typeof seconds],
    );
    const { webhookRetrySeconds } = await testOptions(folder.path);
    expect(documented).toEqual(webhookRetrySeconds);
  });

  const start = {
    'plain Node': () => runNode(join(folder.path, 'node.db'), [FIRST, SECOND]),
    NestJS: () => runNest(join(folder.path, 'nest.db'), [FIRST, SECOND]),
    Python: () =>
      runPython(folder.path, fencedBlocks(document, 'python')[0] ?? '', [FIRST, SECOND]),
  };

  describe.each(['plain Node', 'NestJS', 'Python'] as const)('%s', (kind) => {
    let receiver: RunningReceiver;

    beforeAll(async () => {
      receiver = await start[kind]();
      running.push(receiver);
    });

    function kept(jobId: string): { status: string | undefined; seen: number } {
      const db = new Database(receiver.file, { readonly: true });
      const job = db.prepare('SELECT status FROM jobs WHERE id = ?').get(jobId);
      const seen = db.prepare('SELECT count(*) AS count FROM seen').get() as { count: number };
      db.close();
      return { status: (job as { status: string } | undefined)?.status, seen: seen.count };
    }

    it('follows a job; an event that comes again, or late, changes nothing', async () => {
      const jobId = await submit(receiver.url);
      const task = await lease();
      await atEdge('POST', `${task.taskId}/heartbeat`, {}, task);
      await send();
      expect(kept(jobId)).toEqual({ status: 'running', seen: 1 });
      await atEdge('POST', `${task.taskId}/complete`, {}, task);
      await send();
      expect(kept(jobId)).toEqual({ status: 'completed', seen: 2 });

      for (const { id } of await deliveries(jobId)) {
        await gateway.asAdmin('POST', `/admin/deliveries/${id}/redeliver`);
      }
      await send();
      expect(await answersTo(jobId)).toEqual([
        ['job.started', 'delivered', 204, 204],
        ['job.completed', 'delivered', 204, 204],
      ]);
      expect(kept(jobId)).toEqual({ status: 'completed', seen: 2 });
      // The same event under an id that was not seen yet, as after a restore of the receiver: still the older one.
      const db = new Database(receiver.file);
      db.exec('DELETE FROM seen');
      db.close();
      const [started] = await deliveries(jobId);
      await gateway.asAdmin('POST', `/admin/deliveries/${started?.id}/redeliver`);
      await send();
      expect(kept(jobId)).toEqual({ status: 'completed', seen: 1 });
    });

    it('keeps nothing that is signed by another secret, and answers 401', async () => {
      const before = kept('');
      const jobId = await submit(receiver.url, FOREIGN);
      await gateway.asAdmin('POST', `/jobs/${jobId}/cancel`);
      await send();
      expect(await answersTo(jobId)).toEqual([['job.cancelled', 'pending', 401]]);
      expect(kept(jobId)).toEqual({ status: undefined, seen: before.seen });
    });

    it('answers 413 to what is longer than 4 MiB, and gets it by urls', async () => {
      const jobId = await submit(receiver.url);
      const task = await lease();
      await atEdge('PUT', `${task.taskId}/artifacts/a.txt`, 'a'.repeat(5 * MIB), task);
      await atEdge('POST', `${task.taskId}/complete`, {}, task);
      await send();
      expect((await answersTo(jobId)).at(-1)).toEqual(['job.completed', 'delivered', 413, 204]);
      expect(kept(jobId).status).toBe('completed');
    });

    it('takes a test event, and both secrets while one takes over from the other', async () => {
      const endpoint = { url: receiver.url, secret: FIRST, events: ['job.failed'] };
      const { body } = await gateway.asAdmin('POST', '/admin/webhook-endpoints', endpoint);
      const path = `/admin/webhook-endpoints/${String(body['id'])}`;
      const statusOfTest = async () =>
        (await gateway.asAdmin('POST', `${path}/test`)).body['statusCode'];
      const before = kept('').seen;
      expect(await statusOfTest()).toBe(204);
      await gateway.asAdmin('POST', `${path}/rotate-secret`, { secret: SECOND });
      expect(await statusOfTest()).toBe(204);
      expect(kept('').seen).toBe(before + 2);
      await gateway.asAdmin('DELETE', path);
      const foreign = { ...endpoint, secret: FOREIGN };
      const other = await gateway.asAdmin('POST', '/admin/webhook-endpoints', foreign);
      const otherPath = `/admin/webhook-endpoints/${String(other.body['id'])}`;
      const answer = await gateway.asAdmin('POST', `${otherPath}/test`);
      expect(answer.body['statusCode']).toBe(401);
      await gateway.asAdmin('DELETE', otherPath);
    });
  });

  describe('in a shell', () => {
    const blockWith = (mark: string) =>
      fencedBlocks(sectionOf(document, 'By hand'), 'sh').filter((block) => block.includes(mark));

    it('tells a genuine request from one that was changed', async () => {
      const captured = await Receiver.start();
      const jobId = await submit(captured.url());
      await gateway.asAdmin('POST', `/jobs/${jobId}/cancel`);
      await send();
      await captured.stop();
      const [post] = captured.posts;
      const environment = {
        SECRET: FIRST,
        ID: post?.headers['webhook-id'] ?? '',
        TIMESTAMP: post?.headers['webhook-timestamp'] ?? '',
        SIGNATURE: post?.headers['webhook-signature'] ?? '',
      };
      const run = async (body: string) => {
        await writeFile(join(folder.path, 'webhook.body'), body);
        return runBlocks(blockWith('echo genuine'), { folder: folder.path, environment });
      };
      const body = post?.body ?? '';
      expect(await run(body)).toEqual({ code: 0, outputs: ['genuine\n'], errors: '' });
      const changed = await run(body.replace('cancelled', 'completed'));
      expect(changed.outputs[0]).toMatch(/^not genuine/);
    });

    it('sends a request of its own to a receiver', async () => {
      const receiver = await runNode(join(folder.path, 'by-hand.db'), [FIRST]);
      running.push(receiver);
      const run = (secret: string) =>
        runBlocks(blockWith('curl'), {
          folder: folder.path,
          environment: { SECRET: secret, RECEIVER: receiver.url },
        });
      expect(await run(FIRST)).toEqual({ code: 0, outputs: ['204\n'], errors: '' });
      expect((await run(FOREIGN)).outputs).toEqual(['401\n']);
    });
  });
});
