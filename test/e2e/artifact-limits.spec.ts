import { type InProcessGateway, startInProcess } from './harness';

/** A start of the whole gateway takes a second, and many times that on a busy machine. */
jest.setTimeout(60_000);

const TASK_BYTES = 100_000;

/** What the limits are is told in libs/artifacts; here, what an edge sees of them. */
describe('limits of artifacts over HTTP', () => {
  let gateway: InProcessGateway;
  let token: string;
  let task: { taskId: string; leaseToken: string };

  beforeAll(async () => {
    gateway = await startInProcess({
      taskArtifactsMaxBytes: TASK_BYTES,
      taskArtifactsMaxCount: 2,
    });
    token = (await gateway.enrolEdge(['command'])).token;
  });
  afterAll(() => gateway.stop());

  beforeEach(async () => {
    await gateway.asAdmin('POST', '/jobs', { kind: 'command', payload: {} });
    const leased = await gateway.call<typeof task>('POST', '/internal/edges/tasks/next', {
      token,
      body: {},
    });
    task = leased.body;
  });

  const asEdge = (method: string, path: string, body?: unknown, type = 'application/json') =>
    gateway.call(method, `/internal/edges/tasks/${task.taskId}${path}`, {
      token,
      headers: { 'foreman-lease': task.leaseToken, 'content-type': type },
      body,
    });
  const put = (name: string, bytes: number) =>
    asEdge('PUT', `/artifacts/${name}`, Buffer.alloc(bytes), 'application/octet-stream');

  const refusal = {
    status: 413,
    code: 'artifact.too_large',
    limitBytes: TASK_BYTES,
    detail: expect.stringContaining('FOREMAN_TASK_ARTIFACTS_MAX_BYTES'),
  };

  it('cut a body without a length at the limit, while it flows', async () => {
    await put('first', 40_000);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 10_000;
        controller.enqueue(new Uint8Array(10_000));
      },
    });
    const answer = await fetch(
      `${gateway.baseUrl}/internal/edges/tasks/${task.taskId}/artifacts/endless`,
      {
        method: 'PUT',
        headers: { authorization: `Bearer ${token}`, 'foreman-lease': task.leaseToken },
        body: endless,
        duplex: 'half',
      } as RequestInit,
    );
    expect(await answer.json()).toMatchObject(refusal);
    expect(sent).toBeGreaterThan(60_000);
    expect((await put('second', 60_000)).status).toBe(201);
  });

  it('hold for what a completion brings along, which may then be made smaller', async () => {
    await put('first', 40_000);
    const complete = (bytes: number) =>
      asEdge('POST', '/complete', {
        artifacts: [{ name: 'log', content_type: 'text/plain', inline: 'x'.repeat(bytes) }],
      });
    expect((await complete(60_001)).body).toMatchObject(refusal);
    expect((await complete(60_000)).status).toBe(200);
  });

  it('hold for URLs that need no token, and for the number of artifacts', async () => {
    await put('first', 40_000);
    const issue = (name: string, size: number) =>
      asEdge('POST', `/artifacts/${name}/upload-url`, { contentType: 'text/plain', size });
    expect((await issue('second', 60_001)).body).toMatchObject(refusal);
    const { body } = await issue('second', 60_000);
    await put('third', 1);
    const call = await gateway.call('PUT', String(body['url']).slice(gateway.baseUrl.length), {
      body: Buffer.alloc(60_000),
      headers: { 'content-type': 'text/plain' },
    });
    expect(call.body).toMatchObject({
      status: 413,
      code: 'artifact.too_large',
      limitCount: 2,
      detail: expect.stringContaining('FOREMAN_TASK_ARTIFACTS_MAX_COUNT'),
    });
  });
});
