import { agentOn, openedOutbox, untilAborted } from './spec/agent-fixture';
import { eventually } from './spec/eventually';
import { StandInGateway } from './spec/stand-in-gateway';
import type { EdgeAgent } from './edge-agent';
import type { Executor } from './executor';
import type { LostLease } from './lost-lease';
import type { Outbox } from './outbox/outbox';
import type { LeasedTask } from './protocol.types';

const row = (n: number) => ({ configId: `c${n}`, config: {}, metrics: { n } });

describe('what tasks make, on its way to the gateway', () => {
  let gateway: StandInGateway;
  let outbox: Outbox;
  let running: { agent: EdgeAgent; done: Promise<void> } | null = null;
  const never = new AbortController().signal;

  beforeEach(async () => {
    gateway = await new StandInGateway().start();
    outbox = openedOutbox();
  });

  afterEach(async () => {
    await stop();
    await gateway.stop();
  });

  async function stop(): Promise<void> {
    running?.agent.stopNow();
    await running?.done.catch(() => undefined);
    running = null;
  }

  function run(executor: Executor['run'] | Executor[], options: object = {}) {
    const agent = agentOn(gateway, executor, { outbox, ...options });
    const done = agent.run();
    done.catch(() => undefined);
    running = { agent, done };
    return running;
  }

  /** The calls about a task that tell of its work, in the order in which they came. */
  const told = (taskId: string) =>
    gateway
      .callsTo(new RegExp(`tasks/${taskId}/(results|artifacts|complete|fail|release)`))
      .map(
        ({ path }) =>
          /([a-z]+)(?:\/[a-z]+)?(?:\?.*)?$/.exec(path.replace(/.*tasks\/\w+\//, ''))?.[0],
      );

  const threeRows: Executor['run'] = async (_task, context) => {
    for (const n of [1, 2, 3]) await context.postRows([row(n)]);
    await context.putArtifact({ name: 'log', contentType: 'text/plain', body: 'text' });
    return { resultCount: 3 };
  };
  /** The `Idempotency-Key` of each call that brought rows or artifacts. */
  const keys = () =>
    gateway
      .callsTo(/results|artifacts/)
      .map(({ headers }) => headers['idempotency-key'] as string | undefined);
  const idle: Executor['run'] = (_task, context) => untilAborted(context.signal);

  /** An earlier agent leased the task and got so far. */
  async function leftBy(taskId: string, isResumable: boolean, isDone: boolean) {
    const task = gateway.add(taskId);
    task.status = 'leased';
    const wire = task.wire as unknown as LeasedTask;
    const lease = await outbox.openLease(wire, isResumable, never);
    const body = Buffer.from(JSON.stringify({ rows: [row(1)] }));
    await outbox.add(lease, { type: 'rows', body }, never);
    const ending = { type: 'complete', request: { resultCount: 1 }, leasesNext: true } as const;
    if (isDone) await outbox.end(lease, ending, never);
    return task;
  }

  it('is taken while the gateway is away, and outlives the agent: the next one delivers it in order', async () => {
    const task = gateway.add('t1');
    let isReturned = false;
    run(async (leased, context) => {
      await eventually(() => task.heartbeats.length > 0);
      await gateway.stop();
      const completion = await threeRows(leased, context);
      isReturned = true;
      return completion;
    });
    await eventually(
      () => isReturned && outbox.leases().some((l) => outbox.endingType(l) !== null),
    );
    await stop();
    expect([task.status, task.rows.size]).toEqual(['leased', 0]);

    await gateway.start();
    run(idle);
    await eventually(() => task.status === 'completed');
    expect(told('t1')).toEqual([
      'results',
      'results',
      'results',
      'artifacts/log',
      'complete?next=true',
    ]);
    expect([...task.rows.keys()]).toEqual(['c1', 'c2', 'c3']);
    await eventually(() => outbox.leases().length === 0);
    expect(outbox.heldBytes).toBe(0);
  });

  it('goes in its order, whatever has to be repeated', async () => {
    const busy = { kind: 'problem', status: 503, code: 'server.busy' } as const;
    gateway.disturb(/results/, busy, 2);
    gateway.disturb(/results/, { kind: 'lost' });
    gateway.disturb(/artifacts/, busy);
    const task = gateway.add('t1');
    run(threeRows);
    await eventually(() => task.status === 'completed');
    const sent = gateway.callsTo(/results/).map(({ body }) => /"(c\d)"/.exec(body)?.[1]);
    expect(sent).toEqual(['c1', 'c1', 'c1', 'c1', 'c2', 'c3']);
    expect(told('t1').slice(6)).toEqual(['artifacts/log', 'artifacts/log', 'complete?next=true']);
    const [first, second, third, artifact] = new Set(keys());
    expect(keys()).toEqual([first, first, first, first, second, third, artifact, artifact]);
    expect([first, second, third, artifact]).not.toContain(undefined);
  });

  it('keeps its key over a restart of the agent, so that the gateway knows the repeat', async () => {
    const task = await leftBy('t1', false, true);
    gateway.disturb(/results/, { kind: 'lost' });
    gateway.disturb(/results/, { kind: 'problem', status: 503, code: 'server.busy' }, 1_000);
    run(idle);
    await eventually(() => keys().length > 2);
    await stop();
    const before = keys().length;
    gateway.calm();
    run(idle);
    await eventually(() => task.status === 'completed');
    expect(keys().length).toBeGreaterThan(before);
    expect(new Set(keys()).size).toBe(1);
  });

  it('does not hold up new tasks when it is of an earlier run', async () => {
    const left = await leftBy('left', false, true);
    gateway.disturb(/left\/results/, { kind: 'problem', status: 503, code: 'server.busy' }, 1_000);
    const fresh = gateway.add('fresh');
    run(async () => ({}));
    await eventually(() => fresh.status === 'completed' && left.heartbeats.length > 1);
    expect(left.status).toBe('leased');
  });

  it('takes no slot when it is of an earlier run: a lease that comes with it is handed back', async () => {
    const left = await leftBy('left', false, true);
    const [one, two] = [gateway.add('one'), gateway.add('two')];
    run(idle);
    const statuses = () => [one, two].map(({ status }) => status).toSorted();
    await eventually(() => left.status === 'completed' && !statuses().includes('queued'));
    await eventually(() => gateway.callsTo(/release/).length > 0);
    expect(statuses()).toEqual(['leased', 'released']);
    expect(left.rows.size).toBe(1);
  });

  it('is told as failed, burnt, when its agent did not live to end it; rows only go where they help', async () => {
    const [again, onwards] = [
      await leftBy('again', false, false),
      await leftBy('onwards', true, false),
    ];
    run(idle);
    await eventually(() => again.status === 'failed' && onwards.status === 'failed');
    expect(again.failure).toMatchObject({ code: 'agent.restarted', retryable: true });
    expect([told('again'), told('onwards')]).toEqual([['fail'], ['results', 'fail']]);
    await eventually(() => outbox.leases().length === 0);
  });

  it('is dropped and told of when the lease was lost, but for its completion, which is given once', async () => {
    const lost: LostLease[] = [];
    const task = await leftBy('t1', false, true);
    task.status = 'released';
    run(idle, { onLeaseLost: (one: LostLease) => lost.push(one) });
    await eventually(() => lost.length > 0);
    expect(told('t1')).toEqual(['results', 'complete']);
    expect(lost).toEqual([
      {
        taskId: 't1',
        jobId: 'job-t1',
        attempt: 1,
        code: 'lease.lost',
        kept: null,
        entries: 2,
        bytes: expect.any(Number) as number,
      },
    ]);
    expect([outbox.leases(), outbox.heldBytes]).toEqual([[], 0]);
  });

  it('is dropped when the lease is lost under a working executor, which is told', async () => {
    const lost: LostLease[] = [];
    const task = gateway.add('t1');
    let because: unknown;
    run(
      async (_leased, context) => {
        await eventually(() => task.heartbeats.length > 0);
        task.status = 'released';
        await context.postRows([row(1)]);
        await untilAborted(context.signal).catch((reason: { because: string }) => {
          because = reason.because;
        });
        return {};
      },
      { onLeaseLost: (one: LostLease) => lost.push(one) },
    );
    await eventually(() => lost.length > 0 && because !== undefined);
    expect(because).toBe('lease_lost');
    await eventually(() => outbox.leases().length === 0);
    expect(lost).toHaveLength(1);
    expect(told('t1').filter((call) => call !== 'results')).toEqual([]);
  });

  it('is dropped when the task was cancelled', async () => {
    const task = await leftBy('t1', false, true);
    gateway.disturb(/t1\/results/, { kind: 'problem', status: 503, code: 'server.busy' }, 1_000);
    run(idle);
    await eventually(() => task.heartbeats.length > 0);
    task.status = 'cancelled';
    await eventually(() => outbox.leases().length === 0);
    expect(told('t1')).not.toContain('complete?next=true');
  });

  it('stays when the token is refused: the next one may be taken', async () => {
    await leftBy('t1', false, true);
    gateway.disturb(/t1\/results/, { kind: 'problem', status: 401, code: 'auth.invalid' }, 1_000);
    const { done } = run(idle);
    await expect(done).rejects.toThrow(/revoked or replaced/);
    expect(outbox.leases().map((lease) => outbox.endingType(lease))).toEqual(['complete']);
  });

  it('aborts its executor when an upload is refused for good, and fails the attempt', async () => {
    const task = gateway.add('t1');
    gateway.disturb(/results/, { kind: 'problem', status: 400, code: 'request.invalid' });
    let because: unknown;
    run(async (leased, context) => {
      await threeRows(leased, context);
      await untilAborted(context.signal).catch((reason: { because: string }) => {
        because = reason.because;
      });
      return {};
    });
    await eventually(() => task.status === 'failed' && because !== undefined);
    expect(because).toBe('upload_refused');
    expect(task.failure).toMatchObject({ code: 'request.invalid', retryable: false });
    expect(told('t1')).toEqual(['results', 'fail']);
  });

  it('stays when the agent stops before it could be delivered: the lease is not handed back', async () => {
    const task = gateway.add('t1');
    gateway.disturb(/results/, { kind: 'problem', status: 503, code: 'server.busy' }, 1_000);
    const { agent, done } = run(threeRows, { graceSeconds: 1 });
    await eventually(() => outbox.leases().some((lease) => outbox.endingType(lease) !== null));
    agent.stop();
    await done;
    expect(told('t1')).not.toContain('release');
    expect([task.status, outbox.leases().length]).toEqual(['leased', 1]);
  });

  it('is dropped with the hand-back when its executor could not end within the grace', async () => {
    const task = gateway.add('t1');
    gateway.disturb(/results/, { kind: 'problem', status: 503, code: 'server.busy' }, 1_000);
    const { agent, done } = run(
      async (_leased, context) => {
        await context.postRows([row(1)]);
        return untilAborted(context.signal);
      },
      { graceSeconds: 1 },
    );
    await eventually(() => outbox.heldBytes > 0);
    agent.stop();
    await done;
    expect([task.status, outbox.leases(), outbox.heldBytes]).toEqual(['released', [], 0]);
  });

  it('goes over the same connections as the heartbeats, however many', async () => {
    const task = gateway.add('t1');
    run(async (_leased, context) => {
      for (let n = 0; n < 10; n += 1) {
        const before = task.heartbeats.length;
        await context.postRows([row(n)]);
        await eventually(() => task.heartbeats.length > before);
      }
      return {};
    });
    await eventually(() => task.status === 'completed');
    expect(task.heartbeats.length).toBeGreaterThan(9);
    // One for the heartbeats, one for the uploads; while the slot is taken nothing polls.
    expect(gateway.connections).toBeLessThanOrEqual(2);
  });
});
