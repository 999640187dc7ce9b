import { agentOn } from './spec/agent-fixture';
import { eventually } from './spec/eventually';
import { StandInGateway } from './spec/stand-in-gateway';
import type { EdgeAgent } from './edge-agent';
import type { Executor } from './executor';
import { TaskFailure } from './executor';

describe('an attempt that ends badly', () => {
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

  const echo: Executor['run'] = async (_task, context) => {
    await context.postRows([{ configId: 'c1', config: {}, metrics: { n: 1 } }]);
    return { bestConfigIds: ['c1'], processedCount: 1, totalCount: 1, resultCount: 1 };
  };

  it.each([
    [
      'its own failure',
      () => new TaskFailure('chat.model_missing', 'no such model', false, 30),
      {
        code: 'chat.model_missing',
        message: 'no such model',
        retryable: false,
        retryAfterSeconds: 30,
      },
    ],
    [
      'any other error',
      () => new Error('boom'),
      { code: 'executor.failed', message: 'boom', retryable: true },
    ],
    [
      'what has no text of its own',
      () => Object.create(null) as unknown,
      { code: 'executor.failed', message: '[Object: null prototype] {}', retryable: true },
    ],
    [
      'what cannot be read',
      () =>
        Object.defineProperty(new Error('x'), 'message', {
          get: () => {
            throw new Error('no');
          },
        }),
      {
        code: 'executor.failed',
        message: 'the executor threw what cannot be read',
        retryable: true,
      },
    ],
    [
      'a failure in an odd form',
      () => new TaskFailure('std::bad_alloc', 7n as unknown as string, false, NaN),
      { code: 'std_bad_alloc', message: 'std::bad_alloc: 7', retryable: false },
    ],
    [
      'a failure for longer than a day',
      () => new TaskFailure('x', 'm', true, 1e9),
      { code: 'x', message: 'm', retryable: true, retryAfterSeconds: 86_400 },
    ],
  ])('reports %s', async (_name, makeError, report) => {
    const task = gateway.add('t1');
    run(() => {
      throw makeError();
    });
    await eventually(() => task.status === 'failed');
    expect(task.failure).toEqual(report);
  });

  it('takes a result that is no JSON for a failure, and goes on with other tasks', async () => {
    const task = gateway.add('t1');
    const other = gateway.add('t2');
    run((leased) =>
      Promise.resolve(leased.taskId === 't1' ? { bestConfigIds: [1n as unknown as string] } : {}),
    );
    await eventually(() => other.status === 'completed');
    expect(task.failure).toMatchObject({ code: 'executor.failed', retryable: true });
  });

  it('never throws at an odd progress, and completes with counts that are some', async () => {
    const task = gateway.add('t1');
    run((_task, context) => {
      context.progress({ processed: 3, total: 9, status: 7 as unknown as string });
      return Promise.resolve({ processedCount: 1.5, totalCount: NaN });
    });
    await eventually(() => task.status === 'completed');
    expect(task.completion).toMatchObject({ processedCount: 3, totalCount: 9 });
  });

  it('fails a task whose completion is refused', async () => {
    const task = gateway.add('t1');
    gateway.disturb(/complete/, { kind: 'problem', status: 409, code: 'results.incomplete' });
    run(echo);
    await eventually(() => task.status === 'failed');
    expect(task.failure).toMatchObject({ code: 'results.incomplete', retryable: true });
  });

  it('does not hand back a task whose failure report is refused: it would come again for ever', async () => {
    const task = gateway.add('t1');
    gateway.disturb(/fail/, { kind: 'problem', status: 400, code: 'request.invalid' });
    const other = gateway.add('t2');
    run((leased) => {
      if (leased.taskId === 't1') throw new Error('boom');
      return Promise.resolve({});
    });
    await eventually(() => other.status === 'completed');
    expect(task.status).toBe('leased');
    expect(gateway.callsTo(/t1\/release/)).toEqual([]);
  });

  it('never completes a task one of whose uploads was refused, even if nobody awaited it', async () => {
    const task = gateway.add('t1');
    gateway.disturb(/artifacts/, { kind: 'problem', status: 413, code: 'artifact.too_large' });
    run(async (_task, context) => {
      void context.putArtifact({ name: 'big', contentType: 'text/plain', body: 'x' });
      return {};
    });
    await eventually(() => task.status === 'failed');
    expect(task.failure).toMatchObject({ code: 'artifact.too_large', retryable: false });
    expect(gateway.callsTo(/complete/)).toEqual([]);
  });
});
