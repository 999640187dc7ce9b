import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

interface Job {
  readonly id: string;
  readonly resultFolder: string | null;
}

interface Task {
  readonly taskId: string;
  readonly leaseToken: string;
}

interface Page {
  readonly items: readonly { readonly name: string; readonly resultFolder: string | null }[];
  readonly nextCursor: string | null;
}

const ROW = { configId: 'a', config: {}, metrics: {} };

describe('a result folder', () => {
  let gateway: InProcessGateway;
  let service: string;
  let edge: TestEdge;

  beforeAll(async () => {
    gateway = await startInProcess();
    service = await gateway.makeApiKey('jobs:read', 'jobs:write');
    edge = await gateway.enrolEdge(['study']);
  });
  afterAll(() => gateway.stop());

  const get = async <T>(path: string) =>
    (await gateway.call<T>('GET', path, { token: service })).body;

  const submit = async (body: object) =>
    (await gateway.call<Job>('POST', '/jobs', { token: service, body: { kind: 'study', ...body } }))
      .body.id;

  const lease = async () =>
    (
      await gateway.call<Task>('POST', '/internal/edges/tasks/next', {
        token: edge.token,
        body: {},
      })
    ).body;

  const about = (
    { taskId, leaseToken }: Task,
    method: 'POST' | 'PUT',
    path: string,
    body: unknown,
  ) =>
    gateway.call<{ code?: string }>(method, `/internal/edges/tasks/${taskId}/${path}`, {
      token: edge.token,
      body,
      headers: {
        'foreman-lease': leaseToken,
        ...(method === 'PUT' && { 'content-type': 'text/csv' }),
      },
    });

  /** Posts a row with the folder, uploads these, completes. */
  async function work(task: Task, folder: string, names: readonly string[]): Promise<void> {
    await about(task, 'POST', 'results', { rows: [ROW], resultFolder: folder });
    for (const name of names) await about(task, 'PUT', `artifacts/${name}`, `of ${name}`);
    expect((await about(task, 'POST', 'complete', {})).status).toBe(200);
  }

  async function listed(jobId: string, query: string): Promise<string[]> {
    const names: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: Page = await get<Page>(`/jobs/${jobId}/artifacts?limit=2&${query}${cursor}`);
      names.push(...page.items.map(({ name }) => name));
      cursor = page.nextCursor && `&cursor=${encodeURIComponent(page.nextCursor)}`;
    }
    return names;
  }

  it('is shown in its task and in the job of that one task, and names its artifacts', async () => {
    const id = await submit({});
    expect((await get<Job>(`/jobs/${id}`)).resultFolder).toBeNull();
    await work(await lease(), 'run-7', [
      'run-7.b.csv',
      'run-7.a.csv',
      'run-7.c',
      'run-70.a',
      'run-7',
    ]);
    expect((await get<Job>(`/jobs/${id}`)).resultFolder).toBe('run-7');
    expect((await get<Page>(`/jobs/${id}/tasks`)).items[0]?.resultFolder).toBe('run-7');
    expect(await listed(id, 'prefix=run-7.')).toEqual(['run-7.a.csv', 'run-7.b.csv', 'run-7.c']);
    expect(await listed(id, 'prefix=c')).toEqual(['completion']);
    expect(await listed(id, 'prefix=none.')).toEqual([]);
    expect(await listed(id, '')).toHaveLength(6);
  });

  it("is each task's own in a job of many", async () => {
    const id = await submit({ tasks: [{}, {}] });
    await work(await lease(), 'x/one', []);
    await work(await lease(), 'two', ['two.csv']);
    expect((await get<Job>(`/jobs/${id}`)).resultFolder).toBeNull();
    const { items } = await get<Page>(`/jobs/${id}/tasks`);
    expect(items.map(({ resultFolder }) => resultFolder)).toEqual(['x/one', 'two']);
    expect(await listed(id, 'prefix=1.two.')).toEqual(['1.two.csv']);
  });

  it('is refused with its rows when it is no relative path', async () => {
    const id = await submit({});
    const task = await lease();
    const { status, body } = await about(task, 'POST', 'results', {
      rows: [ROW],
      resultFolder: '../up',
    });
    expect([status, body.code]).toEqual([400, 'request.invalid']);
    expect((await get<Page>(`/jobs/${id}/results`)).items).toEqual([]);
    await about(task, 'POST', 'complete', {});
  });

  it('goes with the rows of an attempt that is not adopted', async () => {
    const id = await submit({});
    const task = await lease();
    await about(task, 'POST', 'results', { rows: [ROW], resultFolder: 'first' });
    await about(task, 'POST', 'release', {});
    await lease();
    expect((await get<Job>(`/jobs/${id}`)).resultFolder).toBeNull();
  });
});
