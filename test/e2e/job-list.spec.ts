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

describe('a list of the jobs of an edge', () => {
  let gateway: InProcessGateway;

  beforeAll(async () => {
    gateway = await startInProcess();
  });
  afterAll(() => gateway.stop());

  const workOnce = async (edge: TestEdge): Promise<string> => {
    const job = await gateway.asAdmin<{ id: string }>('POST', '/jobs', { kind: 'test' });
    const leased = await gateway.call<{ taskId: string; leaseToken: string }>(
      'POST',
      '/internal/edges/tasks/next',
      { token: edge.token, body: {} },
    );
    const { taskId, leaseToken } = leased.body;
    await gateway.call('POST', `/internal/edges/tasks/${taskId}/complete`, {
      token: edge.token,
      headers: { 'Foreman-Lease': leaseToken },
      body: {},
    });
    return job.body.id;
  };
  const jobsOf = async (edge: string, more = '') => {
    const { body } = await gateway.asAdmin<Jobs>('GET', `/jobs?edge=${edge}${more}`);
    return body.items.map(({ id }) => id);
  };
  const revoke = async (edge: TestEdge) => {
    const { status } = await gateway.asAdmin('DELETE', `/admin/edges/${edge.edgeId}`);
    expect(status).toBe(204);
  };

  it('is there after the edge was revoked, by its id and by the name that it had', async () => {
    const first = await gateway.enrolEdge(['test'], {}, 'workshop');
    const ofFirst = await workOnce(first);
    expect(await jobsOf('workshop')).toEqual([ofFirst]);
    await revoke(first);
    expect(await jobsOf('workshop')).toEqual([ofFirst]);
    expect(await jobsOf(first.edgeId)).toEqual([ofFirst]);
    expect(await jobsOf('workshop', '&status=completed&kind=test')).toEqual([ofFirst]);
    expect(await jobsOf('workshop', '&status=failed')).toEqual([]);

    // A name that was given anew means the edge that has it.
    const second = await gateway.enrolEdge(['test'], {}, 'workshop');
    expect(await jobsOf('workshop')).toEqual([]);
    const ofSecond = await workOnce(second);
    expect(await jobsOf('workshop')).toEqual([ofSecond]);
    await revoke(second);
    expect(await jobsOf('workshop')).toEqual([ofSecond]);
    expect(await jobsOf(first.edgeId)).toEqual([ofFirst]);
    expect(await jobsOf('nobody')).toEqual([]);
  });
});
