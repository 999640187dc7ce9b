import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@foreman/testing';
import { type CallOptions, type DataFolder, GatewayProcess, makeDataFolder } from './harness';

/** Invariant 8: what opens doors is neither in the database's files nor in the log. */
describe('secrets', () => {
  let folder: DataFolder;
  let gateway: GatewayProcess;
  const receiver = createServer((_, response) => response.end());

  beforeAll(async () => {
    folder = await makeDataFolder();
    receiver.listen(0, '127.0.0.1');
    gateway = await GatewayProcess.start(folder.path, {
      FOREMAN_LOG_LEVEL: 'trace',
      FOREMAN_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
    });
  });
  afterAll(async () => {
    await gateway.kill();
    receiver.close();
    await folder.remove();
  });

  it('are neither stored nor logged in clear', async () => {
    const service = await gateway.makeApiKey('jobs:read', 'jobs:write');
    const edge = await gateway.enrolEdge(['study']);
    const { port } = receiver.address() as AddressInfo;
    const webhook = { url: `http://127.0.0.1:${port}/hook` };
    const submitted = await gateway.call<{ id: string; webhook: { secret: string } }>(
      'POST',
      '/jobs',
      {
        token: service,
        body: { kind: 'study', webhook },
      },
    );
    const leased = await gateway.call<{ taskId: string; leaseToken: string }>(
      'POST',
      '/internal/edges/tasks/next',
      { token: edge.token, body: {} },
    );
    const { taskId, leaseToken } = leased.body;
    // A refusal is logged with more than a success.
    for (const lease of ['not-the-lease', leaseToken]) {
      await gateway.call('POST', `/internal/edges/tasks/${taskId}/complete`, {
        token: edge.token,
        body: {},
        headers: { 'Foreman-Lease': lease },
      });
    }
    await gateway.call('GET', '/jobs', { token: `${service}x` });
    const signed = await callSignedUrls(submitted.body.id, service);
    const delivered = async () => {
      const { body } = await gateway.call<{ items: { status: string }[] }>(
        'GET',
        `/jobs/${submitted.body.id}/deliveries`,
        { token: service },
      );
      return body.items[0]?.status === 'delivered';
    };
    await eventually('the webhook is delivered', delivered);

    const secret = submitted.body.webhook.secret;
    const inNeither = {
      'the admin token': gateway.adminToken,
      'the API key': service,
      "the edge's token": edge.token,
      'the webhook secret': secret,
      'a signature of a download': signed.download,
      'a signature of an upload': signed.upload,
      "the webhook secret's bytes": secret.replace('whsec_', ''),
    };
    const stored = await databaseText(folder.path);
    const logged = gateway.output();
    expect(stored).toContain(submitted.body.id);
    expect(logged).toContain(taskId);
    for (const [what, text] of Object.entries(inNeither)) {
      expect([what, stored.includes(text), logged.includes(text)]).toEqual([what, false, false]);
    }
    // A lease token is a fencing number: it is stored, but not logged.
    expect(stored).toContain(leaseToken);
    expect(logged).not.toContain(leaseToken);
  });

  /** Answers the signatures of URLs that were called well, refused, and not found. */
  async function callSignedUrls(doneJobId: string, token: string) {
    await gateway.call('POST', '/jobs', { token, body: { kind: 'upload' } });
    const edge = await gateway.enrolEdge(['upload']);
    const { body: task } = await gateway.call<{ taskId: string; leaseToken: string }>(
      'POST',
      '/internal/edges/tasks/next',
      { token: edge.token, body: {} },
    );
    const issue = async (path: string, options: CallOptions) => {
      const { body } = await gateway.call<{ url: string }>('POST', path, options);
      return new URL(body.url);
    };
    const download = await issue(`/jobs/${doneJobId}/artifacts/completion/download-url`, {
      token,
      body: {},
    });
    const upload = await issue(`/internal/edges/tasks/${task.taskId}/artifacts/a/upload-url`, {
      token: edge.token,
      body: { contentType: 'text/plain', size: 3 },
      headers: { 'Foreman-Lease': task.leaseToken },
    });
    const pathOf = ({ pathname, search }: URL) => pathname + search;
    const text = { 'content-type': 'text/plain' };
    const statuses = [
      await gateway.call('GET', pathOf(download)),
      await gateway.call('GET', `${pathOf(download)}&key=twice`),
      await gateway.call('GET', pathOf(download).replace('/artifacts/', '/nothing/')),
      await gateway.call('PUT', pathOf(upload), { body: 'abc', headers: text }),
      await gateway.call('PUT', pathOf(upload), { body: 'abcd', headers: text }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([200, 403, 404, 201, 400]);
    const signatureOf = ({ searchParams }: URL) => searchParams.get('signature') ?? '';
    return { download: signatureOf(download), upload: signatureOf(upload) };
  }
});

/** The bytes of the database and its write-ahead log, as Latin-1: tokens are ASCII. */
async function databaseText(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('foreman.db'));
  const files = await Promise.all(names.map((name) => readFile(join(folder, name), 'latin1')));
  return files.join('');
}
