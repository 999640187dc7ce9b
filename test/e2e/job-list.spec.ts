import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

interface Jobs {
  readonly items: readonly { readonly id: string; readonly artifacts: readonly object[] }[];
  readonly nextCursor: string | null;
}

/** Those of one page: see PAGE_ARTIFACTS. */
const TASKS = 10;
const ARTIFACTS_A_TASK = 1000;

describe('a list of jobs with thousands of artifacts', () => {
  let gateway: InProcessGateway;
  let edge: TestEdge;

  beforeAll(async () => {
    gateway = await startInProcess();
    edge = await gateway.enrolEdge(['test']);
  });
  afterAll(() => gateway.stop());

  const completedJob = async (): Promise<string> => {
    const tasks = Array.from({ length: TASKS }, () => ({}));
    const job = await gateway.asAdmin<{ id: string }>('POST', '/jobs', { kind: 'test', tasks });
    const leased = await gateway.call<{ items: { taskId: string; leaseToken: string }[] }>(
      'POST',
      '/internal/edges/tasks/lease',
      { token: edge.token, body: { max: TASKS } },
    );
    const artifacts = Array.from({ length: ARTIFACTS_A_TASK }, (_, n) => ({
      name: `a${n}`,
      content_type: 'application/json',
      inline: n,
    }));
    for (const { taskId, leaseToken } of leased.body.items) {
      const completed = await gateway.call('POST', `/internal/edges/tasks/${taskId}/complete`, {
        token: edge.token,
        headers: { 'Foreman-Lease': leaseToken },
        body: { artifacts },
      });
      expect(completed.status).toBe(200);
    }
    return job.body.id;
  };

  it('comes in shorter pages, and whole', async () => {
    const ids = [await completedJob(), await completedJob()];
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const path: string = cursor === null ? '/jobs' : `/jobs?cursor=${cursor}`;
      const { body } = await gateway.asAdmin<Jobs>('GET', path);
      expect(body.items).toHaveLength(1);
      expect(body.items[0]?.artifacts).toHaveLength(TASKS * ARTIFACTS_A_TASK + 1);
      seen.push(...body.items.map(({ id }) => id));
      cursor = body.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(ids.toReversed());
  });
});
