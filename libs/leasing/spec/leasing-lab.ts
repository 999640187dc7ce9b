import { ArtifactsModule } from '@foreman/artifacts';
import { AccessModule } from '@foreman/access';
import { Edges, EdgesModule, type EdgeChanges, type EdgePrincipal } from '@foreman/edges';
import { AttemptEntity, JobEntity, TaskEntity, type JobCommand } from '@foreman/jobs';
import { ProgressModule } from '@foreman/progress';
import { ResultsModule } from '@foreman/results';
import { openTestEngine, type TestEngine } from '@foreman/testing';
import { EdgeLeases } from '../ending/edge-leases';
import { Completion, type CompleteCommand } from '../ending/completion';
import { HandBack } from '../ending/hand-back';
import type { LeaseRequest, LeasedTask } from '../lease-request';
import { LeaseSweep } from '../time/lease-sweep';
import { Leasing } from '../leasing';
import { LeasingModule } from '../leasing.module';
import type { LeasingOptions } from '../leasing.options';

/** The whole life of a lease over a real database, with the clock in the spec's hand. */
export class LeasingLab {
  private edges = 0;

  private constructor(private running: TestEngine) {}

  static async open(options: LeasingOptions = {}): Promise<LeasingLab> {
    return new LeasingLab(
      await openTestEngine(
        AccessModule.forRoot(),
        EdgesModule.forRoot(),
        ProgressModule.forRoot(),
        ResultsModule.forRoot(),
        ArtifactsModule.forRoot({ publicUrl: 'http://foreman.test' }),
        LeasingModule.forRoot(options),
      ),
    );
  }

  get engine(): TestEngine {
    return this.running;
  }

  get clock() {
    return this.engine.clock;
  }

  /** Stops the engine and starts it anew on the same database. */
  async restart(): Promise<void> {
    this.running = await this.running.reopen();
  }

  /** An edge as its guard presents it: registered, unless its id is already. */
  edge(overrides: Partial<EdgePrincipal> = {}): EdgePrincipal {
    this.edges += 1;
    const edge: EdgePrincipal = {
      edgeId: this.engine.ids.uuid(),
      name: `edge-${this.edges}`,
      kinds: ['test'],
      labels: {},
      desired: 'run',
      maxLeases: null,
      agentVersion: null,
      platform: null,
      ...overrides,
    };
    this.engine.database.driver
      .prepare(
        `INSERT INTO edges (id, name, kinds, labels, token_hash, desired, max_leases, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
      )
      .run(
        edge.edgeId,
        edge.name,
        JSON.stringify(edge.kinds),
        JSON.stringify(edge.labels),
        `hash of ${edge.edgeId}`,
        edge.desired,
        edge.maxLeases,
        this.clock.now(),
      );
    return edge;
  }

  /** What an administrator does to an edge. */
  async change(edge: EdgePrincipal, changes: EdgeChanges): Promise<void> {
    await this.engine.unitOfWork.run((tx) =>
      this.engine.get(Edges).change(tx, edge.edgeId, changes),
    );
    this.engine.get(EdgeLeases).lookAgain(edge.edgeId);
  }

  /** What an administrator does to an edge for good. */
  async revoke(edge: EdgePrincipal): Promise<void> {
    await this.engine.unitOfWork.run(async (tx) => {
      await this.engine.get(Edges).revoke(tx, edge.edgeId);
      await this.engine.get(EdgeLeases).revoke(tx, edge.edgeId, this.clock.now());
    });
  }

  submit(command: Partial<JobCommand> = {}): Promise<JobEntity> {
    return this.engine.submit(command);
  }

  async lease(edge: EdgePrincipal, request: Partial<LeaseRequest> = {}): Promise<LeasedTask[]> {
    const answer = await this.engine.get(Leasing).lease(edge, {
      max: 1,
      waitSeconds: 0,
      isResuming: false,
      idempotency: null,
      ...request,
    });
    return answer.items;
  }

  /** The one task that there must be. */
  async leaseOne(edge: EdgePrincipal, request: Partial<LeaseRequest> = {}): Promise<LeasedTask> {
    const [task] = await this.lease(edge, request);
    if (task === undefined) throw new Error('There was no task to lease');
    return task;
  }

  complete(edge: EdgePrincipal, leased: LeasedTask, command: Partial<CompleteCommand> = {}) {
    const { leaseToken } = leased;
    const named = { taskId: leased.task.id, leaseToken, wantsNext: false };
    return this.engine.get(Completion).complete(edge, { ...named, ...command });
  }

  fail(edge: EdgePrincipal, leased: LeasedTask, isRetryable = true, retryAfterSeconds?: number) {
    return this.engine.get(HandBack).fail(edge.edgeId, {
      taskId: leased.task.id,
      leaseToken: leased.leaseToken,
      code: 'test.failed',
      message: 'It failed.',
      isRetryable,
      retryAfterSeconds: retryAfterSeconds ?? null,
      keepsArtifacts: false,
    });
  }

  release(edge: EdgePrincipal, leased: LeasedTask) {
    return this.engine.get(HandBack).release(edge.edgeId, leased.task.id, leased.leaseToken);
  }

  sweep() {
    return this.engine.get(LeaseSweep).runOnce();
  }

  async task(taskId: string): Promise<TaskEntity> {
    return only(
      await this.engine.reads.entities(TaskEntity, 'SELECT * FROM tasks WHERE id = ?', [taskId]),
    );
  }

  async job(jobId: string): Promise<JobEntity> {
    return only(
      await this.engine.reads.entities(JobEntity, 'SELECT * FROM jobs WHERE id = ?', [jobId]),
    );
  }

  attempts(taskId: string): Promise<AttemptEntity[]> {
    return this.engine.reads.entities(
      AttemptEntity,
      'SELECT * FROM attempts WHERE task_id = ? ORDER BY number',
      [taskId],
    );
  }

  async eventTypes(jobId: string): Promise<string[]> {
    const rows = await this.engine.reads.query<{ type: string }>(
      'SELECT type FROM events WHERE job_id = ? ORDER BY position',
      [jobId],
    );
    return rows.map((row) => row.type);
  }

  /** Everything that the database holds of jobs, to show that a refused call changed nothing. */
  async snapshot(): Promise<string> {
    const tables = ['jobs', 'tasks', 'attempts', 'events', 'result_rows', 'artifacts', 'blobs'];
    const contents: unknown[] = [];
    for (const table of tables) {
      contents.push(await this.engine.reads.query(`SELECT * FROM ${table} ORDER BY 1, 2`));
    }
    return JSON.stringify(contents);
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}

function only<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined) throw new Error('There is no such row');
  return row;
}
