import { UnitOfWork } from '@foreman/database';
import { FakeClock } from '@foreman/testing';
import { EventReaders } from '../../../apps/gateway/jobs-api/events/event-readers';
import { type InProcessGateway, type TestEdge, startInProcess } from '../harness';
import { EventStream } from './event-stream';

export interface LeasedForTest {
  readonly taskId: string;
  readonly taskIndex: number;
  readonly leaseToken: string;
}

/** A gateway whose clock the spec moves, one service and one edge. */
export class LiveLab {
  private readonly streams: EventStream[] = [];
  private stopping: Promise<void> | null = null;

  private constructor(
    readonly gateway: InProcessGateway,
    readonly clock: FakeClock,
    readonly service: string,
    readonly edge: TestEdge,
  ) {}

  static async open(maxEventReaders = 1000): Promise<LiveLab> {
    const clock = new FakeClock();
    const gateway = await startInProcess({ maxEventReaders }, { clock });
    const service = await gateway.makeApiKey('jobs:read', 'jobs:write');
    return new LiveLab(gateway, clock, service, await gateway.enrolEdge(['study']));
  }

  get readers(): number {
    return this.gateway.app.get(EventReaders).count;
  }

  async submit(body: object = {}): Promise<string> {
    const job = { kind: 'study', ...body };
    const answer = await this.gateway.call<{ id: string }>('POST', '/jobs', {
      token: this.service,
      body: job,
    });
    return answer.body.id;
  }

  eventsUrl(jobId: string): string {
    return `${this.gateway.baseUrl}/jobs/${jobId}/events`;
  }

  async follow(jobId: string, lastEventId?: string, token = this.service): Promise<EventStream> {
    const stream = await EventStream.open(this.eventsUrl(jobId), token, lastEventId);
    this.streams.push(stream);
    return stream;
  }

  /** The same once the present is told: whatever happens from now on is told as it happens. */
  async followLive(jobId: string): Promise<EventStream> {
    const stream = await this.follow(jobId);
    await stream.until('the present is told', ({ lastId }) => lastId !== null);
    return stream;
  }

  async lease(): Promise<LeasedForTest> {
    return (await this.atEdge<LeasedForTest>('tasks/next', {})).body;
  }

  async heartbeat(task: LeasedForTest, report: object): Promise<void> {
    await this.atEdge(`tasks/${task.taskId}/heartbeat`, report, task);
  }

  async complete(task: LeasedForTest, completion: object = {}): Promise<void> {
    await this.atEdge(`tasks/${task.taskId}/complete`, completion, task);
  }

  async atEdge<T = Record<string, unknown>>(path: string, body: unknown, task?: LeasedForTest) {
    const answer = await this.gateway.call<T>('POST', `/internal/edges/${path}`, {
      token: this.edge.token,
      body,
      headers: task === undefined ? {} : { 'Foreman-Lease': task.leaseToken },
    });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return answer;
  }

  /** Writes `count` events of the job's first task, as another process would: nobody here is told. */
  async writeUnannounced(jobId: string, count: number): Promise<void> {
    await this.gateway.app.get(UnitOfWork).run(async (tx) => {
      await tx.execute(WRITE_EVENTS, [count, jobId]);
    });
  }

  /** May be called again. */
  async stop(): Promise<void> {
    this.stopping ??= this.gateway.stop();
    await this.stopping;
  }

  async close(): Promise<void> {
    for (const stream of this.streams) stream.cut();
    await this.stop();
  }
}

const WRITE_EVENTS = `
  WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
  INSERT INTO events (id, type, job_id, task_id, run, data, created_at)
  SELECT tasks.id || '-' || n, 'task.advanced', tasks.job_id, tasks.id, 1, '{"attempt":1}', n
  FROM numbers, tasks WHERE tasks.job_id = ? AND task_index = 0`;
