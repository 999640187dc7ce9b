import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

interface Task {
  readonly taskId: string;
  readonly leaseToken: string;
}

describe('the ids of the rows that a lease has', () => {
  let gateway: InProcessGateway;
  let edge: TestEdge;
  let task: Task;

  beforeAll(async () => {
    gateway = await startInProcess();
    edge = await gateway.enrolEdge(['study']);
    const service = await gateway.makeApiKey('jobs:write');
    await gateway.call('POST', '/jobs', { token: service, body: { kind: 'study' } });
    task = await lease();
    const rows = [
      { configId: 'fast=1', config: {}, metrics: { sharpe: 0.1, 'max loss': -2 } },
      { configId: 'fast=2', config: {}, metrics: { sharpe: null } },
    ];
    await about('POST', 'results', task.leaseToken, { rows });
  });
  afterAll(() => gateway.stop());

  const lease = async (body: object = {}) =>
    (await gateway.call<Task>('POST', '/internal/edges/tasks/next', { token: edge.token, body }))
      .body;

  const about = <T = unknown>(
    method: 'GET' | 'POST',
    path: string,
    leaseToken: string | null,
    body?: object,
  ) =>
    gateway.call<T>(method, `/internal/edges/tasks/${task.taskId}/${path}`, {
      token: edge.token,
      ...(body && { body }),
      headers: leaseToken === null ? {} : { 'foreman-lease': leaseToken },
    });

  it('are streamed as NDJSON, with the metrics that the query names', async () => {
    const plain = await about('GET', 'results/ids', task.leaseToken);
    expect(plain.headers.get('content-type')).toMatch(/^application\/x-ndjson/);
    expect(plain.text).toBe('{"configId":"fast=1"}\n{"configId":"fast=2"}\n');
    const query = 'results/ids?metrics=sharpe&metrics=max%20loss';
    expect((await about('GET', query, task.leaseToken)).text).toBe(
      '{"configId":"fast=1","metrics":{"sharpe":0.1,"max loss":-2}}\n{"configId":"fast=2","metrics":{"sharpe":null}}\n',
    );
  });

  it.each([
    ['no lease', null, '', 400, 'lease.missing'],
    ['another lease', 'stale', '', 409, 'lease.lost'],
    ['too many metrics', '', `?${'metrics=a&'.repeat(21)}`, 400, 'request.invalid'],
  ])('are refused to %s', async (_what, token, query, status, code) => {
    const leaseToken = token === '' ? task.leaseToken : token;
    const answer = await about<{ code: string }>('GET', `results/ids${query}`, leaseToken);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('are adopted by a lease that says so, and none otherwise', async () => {
    await about('POST', 'release', task.leaseToken, {});
    task = await lease({ resume: true });
    expect((await about('GET', 'results/ids', task.leaseToken)).text).toMatch(/fast=1.*\n.*fast=2/);
    await about('POST', 'release', task.leaseToken, {});
    task = await lease();
    expect((await about('GET', 'results/ids', task.leaseToken)).text).toBe('');
  });
});
