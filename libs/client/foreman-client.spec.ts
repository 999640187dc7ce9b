import { GatewayProblem } from '@foreman/gateway-http';
import { AlreadyGone } from './already-gone';
import type { ForemanClient } from './foreman-client';
import { ScriptedGateway, json, problem } from './spec/scripted-gateway';

describe('ForemanClient', () => {
  let gateway: ScriptedGateway;
  let client: ForemanClient;

  beforeEach(async () => {
    gateway = await new ScriptedGateway().start();
    client = gateway.client();
  });

  afterEach(async () => {
    await client.close();
    await gateway.stop();
  });

  const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
    const all: T[] = [];
    for await (const item of items) all.push(item);
    return all;
  };

  it('submits with one key over all its tries, and another for the next call', async () => {
    gateway.script = (_request, response, count) => {
      if (count === 1) return void response.socket?.destroy();
      if (count === 2) return problem(response, 503, 'server.busy');
      json(response, 201, { id: 'j1' });
    };
    await expect(client.submit({ kind: 'chat' })).resolves.toEqual({ id: 'j1' });
    await client.submit({ kind: 'chat' });
    const keys = gateway.seen.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(4);
    expect(new Set(keys.slice(0, 3)).size).toBe(1);
    expect(keys[3]).not.toBe(keys[0]);
    expect(gateway.seen[0]).toMatchObject({
      method: 'POST',
      url: '/jobs',
      body: '{"kind":"chat"}',
    });
    expect(gateway.seen[0]?.headers.authorization).toBe('Bearer fmk_test');
  });

  it("keeps the caller's own key", async () => {
    gateway.script = (_request, response) => json(response, 201, { items: [{ id: 'j1' }] });
    await expect(
      client.submitBatch([{ kind: 'chat' }], { idempotencyKey: 'order-7' }),
    ).resolves.toEqual([{ id: 'j1' }]);
    expect(gateway.seen[0]?.headers['idempotency-key']).toBe('order-7');
  });

  it('says what a key of its own has made before, and what is gone', async () => {
    const answers = [{ gone: ['j1'] }, { items: [{ id: 'j2' }], gone: ['j1'] }, { gone: ['i1'] }];
    gateway.script = (_request, response, count) => json(response, 200, answers[count - 1]);
    const own = { idempotencyKey: 'order-7' };
    const thrown = (call: Promise<unknown>) => call.catch((error: unknown) => error);
    const job = await thrown(client.submit({ kind: 'chat' }, own));
    expect(job).toBeInstanceOf(AlreadyGone);
    expect(job).toMatchObject({ gone: ['j1'], items: [] });
    const batch = await thrown(client.submitBatch([{ kind: 'chat' }, { kind: 'chat' }], own));
    expect(batch).toMatchObject({ name: 'AlreadyGone', gone: ['j1'], items: [{ id: 'j2' }] });
    const input = await thrown(client.uploadInput('x', { contentType: 'text/plain', ...own }));
    expect(input).toMatchObject({ name: 'AlreadyGone', gone: ['i1'] });
    expect(gateway.seen).toHaveLength(3);
  });

  it('throws a refusal typed, and does not repeat it', async () => {
    gateway.script = (_request, response) => problem(response, 409, 'job.finalized');
    const refused = await client.cancel('j1').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(GatewayProblem);
    expect(refused).toMatchObject({
      status: 409,
      code: 'job.finalized',
      detail: 'no: job.finalized',
    });
    expect(gateway.seen).toHaveLength(1);
  });

  it('gives up after its tries', async () => {
    gateway.script = (_request, response) => problem(response, 500, 'internal');
    await expect(client.get('j1')).rejects.toMatchObject({ code: 'internal' });
    expect(gateway.seen).toHaveLength(7);
  });

  it('walks a list over its cursors', async () => {
    gateway.script = ({ url }, response) =>
      url.includes('cursor=')
        ? json(response, 200, { items: [{ id: 'c' }], nextCursor: null })
        : json(response, 200, { items: [{ id: 'a' }, { id: 'b' }], nextCursor: 'x/+=' });
    const jobs = await collect(client.list({ status: 'failed' }, { pageSize: 2 }));
    expect(jobs.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(gateway.seen.map(({ url }) => url)).toEqual([
      '/jobs?status=failed&limit=2',
      '/jobs?status=failed&limit=2&cursor=x%2F%2B%3D',
    ]);
  });

  it('takes not found after a lost answer as deleted, but not at once', async () => {
    gateway.script = (_request, response, count) =>
      count === 1 ? void response.socket?.destroy() : problem(response, 404, 'job.not_found');
    await client.delete('j1');
    await expect(client.delete('j1')).rejects.toMatchObject({ code: 'job.not_found' });
  });

  it('waits until a job is finalized, telling every answer', async () => {
    const statuses = ['queued', 'running', 'running', 'completed'];
    gateway.script = (_request, response, count) =>
      json(response, 200, { id: 'j1', status: statuses[count - 1] });
    const seen: string[] = [];
    const job = await client.waitForFinalized('j1', {
      onUpdate: ({ status }) => seen.push(status),
    });
    expect(job.status).toBe('completed');
    expect(seen).toEqual(statuses);
  });

  it('stops waiting when told', async () => {
    gateway.script = (_request, response) => json(response, 200, { id: 'j1', status: 'running' });
    const enough = new AbortController();
    const waiting = client.waitForFinalized('j1', {
      signal: enough.signal,
      onUpdate: () => enough.abort(new Error('enough')),
    });
    await expect(waiting).rejects.toThrow('enough');
  });

  it('asks for rows by conditions and fields, and for their summary', async () => {
    const summary = { count: 0, metrics: {}, metricsTruncated: false };
    gateway.script = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ items: [], nextCursor: null, ...summary }));
    };
    const where = ['metrics.trades >= 30', 'configId=a&b'];
    await collect(client.results('j1', { where, fields: ['configId', 'metrics.sharpe'] }));
    expect(await client.summarizeResults('j1', { where })).toMatchObject(summary);
    const conditions = 'where=metrics.trades+%3E%3D+30&where=configId%3Da%26b';
    expect(gateway.seen.map(({ url }) => url)).toEqual([
      `/jobs/j1/results?${conditions}&fields=configId%2Cmetrics.sharpe`,
      `/jobs/j1/results/summary?${conditions}`,
    ]);
  });

  it('streams rows, and never takes half of them for all', async () => {
    gateway.script = (_request, response, count) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write('{"configId":"a"}\n{"config');
      response.write('Id":"b"}\n');
      if (count === 1) response.end();
      else setTimeout(() => response.socket?.destroy(), 20);
    };
    const rows = await collect(
      client.streamResults('j1', { sort: 'metrics.sharpe', order: 'desc' }),
    );
    expect(rows.map(({ configId }) => configId)).toEqual(['a', 'b']);
    expect(gateway.seen[0]?.url).toBe('/jobs/j1/results?sort=metrics.sharpe&order=desc');
    expect(gateway.seen[0]?.headers.accept).toBe('application/x-ndjson');
    await expect(collect(client.streamResults('j1'))).rejects.toMatchObject({
      name: 'ConnectionFailure',
    });
    const text = await client.exportResults('j1', 'csv');
    await expect(text.toArray()).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('asks for a URL that needs no key', async () => {
    const issued = { url: 'https://foreman.test/signed', method: 'GET', expiresAt: 'then' };
    gateway.script = (_request, response) => json(response, 200, issued);
    expect(await client.issueDownloadUrl('j1', 'a b', { expiresSeconds: 60 })).toEqual(issued);
    expect(gateway.seen[0]).toMatchObject({
      method: 'POST',
      url: '/jobs/j1/artifacts/a%20b/download-url',
      body: '{"expiresSeconds":60}',
    });
  });

  it('cannot be led out of its path by an id', async () => {
    gateway.script = (_request, response) => problem(response, 404, 'job.not_found');
    await expect(client.get('../admin/stats?x')).rejects.toThrow(GatewayProblem);
    expect(gateway.seen[0]?.url).toBe('/jobs/..%2Fadmin%2Fstats%3Fx');
  });
});
