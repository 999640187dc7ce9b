import { agentOn, untilAborted } from './spec/agent-fixture';
import { eventually } from './spec/eventually';
import { StandInGateway } from './spec/stand-in-gateway';
import type { EdgeAgent } from './edge-agent';
import type { Executor } from './executor';

/** The example of RFC 9530, appendix B. */
const HELLO = '{"hello": "world"}\n';
const HELLO_DIGEST = 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:';

describe('EdgeAgent', () => {
  let gateway: StandInGateway;
  let running: { agent: EdgeAgent; done: Promise<void> } | null = null;

  beforeEach(async () => {
    gateway = await new StandInGateway().start();
  });

  afterEach(async () => {
    running?.agent.stopNow();
    await running?.done.catch(() => undefined);
    running = null;
    await gateway.stop();
  });

  function run(...args: Parameters<typeof agentOn> extends [unknown, ...infer R] ? R : never) {
    const agent = agentOn(gateway, ...args);
    const done = agent.run();
    done.catch(() => undefined);
    running = { agent, done };
    return { agent, done };
  }

  const statuses = () => gateway.tasks.map((task) => task.status);
  const echo: Executor['run'] = async (_task, context) => {
    await context.postRows([{ configId: 'c1', config: {}, metrics: { n: 1 } }]);
    await context.putArtifact({ name: 'completion', contentType: 'application/json', body: HELLO });
    return { bestConfigIds: ['c1'], processedCount: 1, totalCount: 1, resultCount: 1 };
  };

  it('leases, posts rows, puts artifacts, and completes with their digests', async () => {
    const task = gateway.add('t1');
    run(echo);
    await eventually(() => task.status === 'completed');
    expect([...task.rows.keys()]).toEqual(['c1']);
    expect(task.artifacts.get('completion')?.body.toString()).toBe(HELLO);
    expect(task.completion).toEqual({
      bestConfigIds: ['c1'],
      processedCount: 1,
      totalCount: 1,
      resultCount: 1,
      artifacts: [
        {
          name: 'completion',
          sha256: '44aff4ab2d7c3250525675a08f0cfa9591168cffe51791c5f5bbc417c15a6c38',
        },
      ],
    });
    const put = gateway.callsTo(/^PUT/)[0];
    expect(put?.headers['repr-digest']).toBe(HELLO_DIGEST);
    expect(put?.headers['authorization']).toBe('Bearer fme_test');
    expect(task.heartbeats[0]).toEqual({ started: true, sequence: 1 });
  });

  it('leases no more than it has free slots for', async () => {
    for (const id of ['t1', 't2', 't3', 't4', 't5']) gateway.add(id);
    let most = 0;
    let now = 0;
    run(
      async () => {
        most = Math.max(most, (now += 1));
        await new Promise((resolve) => setTimeout(resolve, 20));
        now -= 1;
        return {};
      },
      { concurrency: 2 },
    );
    await eventually(() => statuses().every((status) => status === 'completed'));
    expect(most).toBe(2);
    const asked = gateway.callsTo(/tasks\/lease/).map(({ body }) => JSON.parse(body) as object);
    expect(asked).toContainEqual(expect.objectContaining({ max: 2 }));
    expect(asked).not.toContainEqual(expect.objectContaining({ max: 0 }));
  });

  it('keeps the key of a poll over its retries, so that a lost answer costs no lease', async () => {
    gateway.disturb(/tasks\/next/, { kind: 'lost' });
    const task = gateway.add('t1');
    run(echo);
    await eventually(() => task.status === 'completed');
    const [first, second] = gateway.callsTo(/tasks\/next/);
    expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
    expect(second?.body).toBe(first?.body);
  });

  it('survives lost answers, resets and refusals that pass, on every call', async () => {
    const task = gateway.add('t1');
    const busy = { kind: 'problem', status: 503, code: 'server.busy', retryAfter: 1 } as const;
    const full = { kind: 'problem', status: 507, code: 'server.storage_full' } as const;
    gateway.disturb(/POST .*edges\/heartbeat/, busy);
    gateway.disturb(/results/, { kind: 'lost' });
    gateway.disturb(/results/, full, 2);
    gateway.disturb(/artifacts/, { kind: 'reset' });
    gateway.disturb(/complete/, { kind: 'lost' });
    gateway.disturb(/complete/, busy);
    run(echo);
    await eventually(() => gateway.callsTo(/complete/).length === 3);
    expect(task.status).toBe('completed');
    expect(task.rows.size).toBe(1);
    await eventually(() => gateway.callsTo(/tasks\/next/).length > 1);
    expect(task.failure).toBeNull();
  });

  it('goes on with a task while the gateway restarts', async () => {
    const task = gateway.add('t1');
    let goOn = () => {};
    const restarted = new Promise<void>((resolve) => (goOn = resolve));
    run(async (leased, context) => {
      await restarted;
      return echo(leased, context);
    });
    await eventually(() => task.heartbeats.length > 0);
    await gateway.stop();
    goOn();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await gateway.start();
    await eventually(() => task.status === 'completed');
    expect(task.rows.size).toBe(1);
  });

  it('heartbeats at the interval it is told, with the latest progress, whatever the executor does', async () => {
    const task = gateway.add('t1');
    run(async (_task, context) => {
      context.progress({ processed: 3, total: 10, status: 'x'.repeat(300) });
      context.progress({ processed: 4.7 });
      return untilAborted(context.signal);
    });
    await eventually(() => task.heartbeats.length > 3);
    expect(task.heartbeats.filter((report) => report['started'] === true)).toHaveLength(1);
    const reports = task.heartbeats.slice(0, 4);
    expect(reports.at(-1)).toMatchObject({ processed: 4, total: 10, status: 'x'.repeat(200) });
    // So that a late copy of an older one is known by its number.
    expect(reports.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
  });

  it('completes with the counts of the last progress when the executor gave none', async () => {
    const task = gateway.add('t1');
    run(async (_task, context) => {
      context.progress({ processed: 20, total: 20 });
      return {};
    });
    await eventually(() => task.status === 'completed');
    expect(task.completion).toEqual({ processedCount: 20, totalCount: 20, artifacts: [] });
  });

  it('aborts the executor of a cancelled task, and says nothing more about it', async () => {
    const task = gateway.add('t1');
    let because: unknown;
    run(async (_task, context) => {
      await untilAborted(context.signal).catch((reason: { because: string }) => {
        because = reason.because;
      });
      return {};
    });
    await eventually(() => task.heartbeats.length > 0);
    task.status = 'cancelled';
    await eventually(() => because !== undefined);
    expect(because).toBe('cancelled');
    const other = gateway.add('t2');
    await eventually(() => other.status === 'leased');
    expect(gateway.callsTo(/t1\/(complete|fail|release)/)).toEqual([]);
  });

  it('stops a task whose lease is lost, and reports nothing for it', async () => {
    const task = gateway.add('t1');
    let wasAborted = false;
    run(async (leased, context) => {
      await eventually(() => task.heartbeats.length > 0);
      task.status = 'released';
      await echo(leased, context);
      await untilAborted(context.signal).catch(() => (wasAborted = true));
      return {};
    });
    await eventually(() => wasAborted);
    const other = gateway.add('t2');
    await eventually(() => other.status === 'leased');
    expect(gateway.callsTo(/t1\/(complete|fail|release)/)).toEqual([]);
  });

  it('drains: finishes what runs, takes nothing more, and goes on when told to run', async () => {
    const task = gateway.add('t1');
    let finish = () => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    run(async () => {
      await finished;
      return {};
    });
    await eventually(() => task.heartbeats.length > 0);
    gateway.edge = 'drain';
    const heartbeats = task.heartbeats.length;
    await eventually(() => task.heartbeats.length > heartbeats + 1);
    const other = gateway.add('t2');
    finish();
    await eventually(() => task.status === 'completed');
    expect(gateway.callsTo(/complete\?next/)).toEqual([]);
    const checkIns = gateway.callsTo(/edges\/heartbeat/).length;
    await eventually(() => gateway.callsTo(/edges\/heartbeat/).length > checkIns + 1);
    expect(other.status).toBe('queued');
    gateway.edge = 'run';
    await eventually(() => other.status === 'completed');
  });

  it('exits when an operator stops the edge, handing back what does not finish in the grace', async () => {
    const task = gateway.add('t1');
    const { done } = run((_task, context) => untilAborted(context.signal), { graceSeconds: 1 });
    await eventually(() => task.heartbeats.length > 0);
    gateway.edge = 'stop';
    await done;
    expect(task.status).toBe('released');
    expect(task.failure).toBeNull();
  });

  it('lets running tasks finish within the grace on stop()', async () => {
    const task = gateway.add('t1');
    let finish = () => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const { agent, done } = run(async () => finished.then(() => ({})), { graceSeconds: 1000 });
    await eventually(() => task.heartbeats.length > 0);
    const other = gateway.add('t2');
    agent.stop();
    finish();
    await done;
    expect(task.status).toBe('completed');
    expect(other.status).toBe('queued');
  });

  it('exits although an executor ignores its signal', async () => {
    const task = gateway.add('t1');
    const { agent, done } = run(() => new Promise(() => {}));
    await eventually(() => task.heartbeats.length > 0);
    agent.stopNow();
    await done;
    expect(task.status).toBe('released');
  });

  it('exits with a clear message when its token is refused, and stops what runs', async () => {
    const task = gateway.add('t1');
    let wasAborted = false;
    const { done } = run(async (_task, context) => {
      await untilAborted(context.signal).catch(() => (wasAborted = true));
      return {};
    });
    await eventually(() => task.heartbeats.length > 0);
    gateway.disturb(/./, { kind: 'problem', status: 401, code: 'auth.invalid' }, 100);
    await expect(done).rejects.toThrow(/revoked or replaced/);
    expect(wasAborted).toBe(true);
  });

  it('hands back a kind that it cannot run', async () => {
    const task = gateway.add('t1', {}, 'unheard-of');
    run(echo);
    await eventually(() => task.status === 'released');
    expect(task.heartbeats).toEqual([]);
  });

  it('takes no more tasks with its completions once one of a kind came so that it cannot run', async () => {
    const tasks = ['echo', 'unheard-of', 'echo', 'echo'].map((kind, index) =>
      gateway.add(`t${index}`, {}, kind),
    );
    run(echo);
    await eventually(() => tasks[3]?.status === 'completed');
    expect(tasks[1]?.status).toBe('released');
    const asked = gateway.callsTo(/complete/).map(({ path }) => path.endsWith('next=true'));
    expect(asked).toEqual([true, false, false]);
  });

  it('asks for earlier rows of those kinds only whose executors can go on from them', async () => {
    gateway.add('t1', {}, 'counted');
    run([
      { kind: 'echo', run: echo },
      { kind: 'counted', resumable: true, run: echo },
    ]);
    await eventually(() => gateway.tasks[0]?.status === 'completed');
    const { kinds, resume, resumeKinds } = JSON.parse(
      gateway.callsTo(/tasks\/next/)[0]?.body ?? '',
    ) as Record<string, unknown>;
    expect({ kinds, resume, resumeKinds }).toEqual({
      kinds: ['echo', 'counted'],
      resumeKinds: ['counted'],
    });
    // A lease that came with the completion would begin without the rows.
    expect(gateway.callsTo(/complete/)[0]?.path).not.toMatch(/next=true/);
  });
});
