import { AccessModule } from '@foreman/access';
import { ArtifactsModule } from '@foreman/artifacts';
import { Edges, EdgesModule, type EdgePrincipal } from '@foreman/edges';
import { JobLifecycle, Queues, type JobCommand } from '@foreman/jobs';
import {
  Completion,
  EdgeLeases,
  HandBack,
  LeaseSweep,
  Leasing,
  LeasingModule,
  type LeasedTask,
} from '@foreman/leasing';
import { Clock } from '@foreman/kernel';
import { Heartbeats, ProgressModule } from '@foreman/progress';
import { ResultIngestion, ResultsModule } from '@foreman/results';
import { openTestEngine, registerEdge, type TestEngine } from '@foreman/testing';
import type { Granted } from '../world/leases';
import { FAILURE_CODE, type Beat, type Failure } from '../world/task-calls';
import type { Edge, LeaseBody } from '../world/world';
import { KINDS } from '../steps/step';
import { CROWD, readState, type RealState } from './real-state';

/** Which task a call is about, and under which lease. */
interface TaskCall {
  readonly edgeId: string;
  readonly taskId: string;
  readonly leaseToken: string;
}

/** The libs as a gateway composes them, over a real database, asked as its controllers ask them. */
export class RealEngine {
  private constructor(private engine: TestEngine) {}

  static async open(): Promise<RealEngine> {
    return new RealEngine(
      await openTestEngine(
        AccessModule.forRoot(),
        EdgesModule.forRoot(),
        ProgressModule.forRoot(),
        ResultsModule.forRoot(),
        ArtifactsModule.forRoot({ publicUrl: 'http://foreman.test' }),
        LeasingModule.forRoot(),
      ),
    );
  }

  get clock() {
    return this.engine.clock;
  }

  newEdgeId(): string {
    return this.engine.ids.uuid();
  }

  /** As its enrolment would have made it, but under an id that the world knows. */
  async addEdge(edge: Edge): Promise<void> {
    await this.engine.unitOfWork.run((tx) =>
      registerEdge(tx, { ...edge, edgeId: edge.id }, this.engineNow()),
    );
  }

  /**
   * Groups of one task each that no edge of the runs can lease: of a customer that none works for, of an edge that
   * is not there, of a kind that none runs, or in a queue of its own that is paused.
   */
  async addCrowd(groups: number): Promise<void> {
    for (let number = 0; number < groups; number += 1000) {
      const tasks = Array.from({ length: Math.min(1000, groups - number) }, (_, index) => ({
        requires: { customer: `${number + index}` },
      }));
      await this.engine.submit({ kind: KINDS[0] ?? '', queue: CROWD, tasks });
    }
    for (let number = 0; number < groups / 50; number += 1) {
      const queue = `${CROWD}-${number}`;
      await this.engine.submit({ kind: 'unknown', queue });
      await this.engine.submit({ kind: KINDS[0] ?? '', queue: CROWD, assignedEdgeId: queue });
      await this.pause(queue);
      await this.engine.submit({ kind: KINDS[1] ?? '', queue, priority: 100 });
    }
  }

  /** As an operator drains it, or gives it other labels. */
  async changeEdge({ id, isDraining, labels }: Edge): Promise<void> {
    const desired = isDraining ? 'drain' : 'run';
    await this.engine.unitOfWork.run((tx) =>
      this.engine.get(Edges).change(tx, id, { desired, labels }),
    );
  }

  async submit(command: JobCommand): Promise<{ job: string; tasks: string[] }> {
    const { id: job } = await this.engine.submit(command);
    const tasks = await this.engine.reads.query<{ id: string }>(
      'SELECT id FROM tasks WHERE job_id = ? ORDER BY task_index',
      [job],
    );
    return { job, tasks: tasks.map(({ id }) => id) };
  }

  async lease(edge: Edge, body: LeaseBody, key: string | null): Promise<Granted[]> {
    const { items } = await this.engine.get(Leasing).lease(principalOf(edge), {
      ...(body.kinds !== null && { kinds: body.kinds }),
      max: body.max,
      waitSeconds: 0,
      isResuming: body.isResuming,
      idempotency: key === null ? null : { key, path: '/internal/edges/tasks/lease' },
    });
    return items.map(grantedOf);
  }

  async complete(
    edge: Edge,
    call: TaskCall,
    resultCount: number | null,
    wantsNext: boolean,
  ): Promise<{ jobStatus: string; next: Granted | null }> {
    const { taskId, leaseToken } = call;
    const claimed = resultCount === null ? {} : { resultCount };
    const answer = await this.engine
      .get(Completion)
      .complete(principalOf(edge), { taskId, leaseToken, wantsNext, ...claimed });
    return { jobStatus: answer.jobStatus, next: answer.next && grantedOf(answer.next) };
  }

  heartbeat({ edgeId, taskId, leaseToken }: TaskCall, beat: Beat) {
    return this.engine.get(Heartbeats).beat(edgeId, { taskId, leaseToken, ...beat });
  }

  heartbeatOfAll(edgeId: string, calls: readonly TaskCall[]) {
    const beats = calls.map(({ taskId, leaseToken }) => ({ taskId, leaseToken }));
    return this.engine.get(Heartbeats).beatAll(edgeId, beats);
  }

  postRows(call: TaskCall, configIds: readonly string[]) {
    const rows = configIds.map((configId) => ({ configId, config: {}, metrics: { a: 1 } }));
    return this.engine.get(ResultIngestion).postRows({ ...call, rows });
  }

  fail({ edgeId, taskId, leaseToken }: TaskCall, failure: Failure) {
    return this.engine.get(HandBack).fail(edgeId, {
      taskId,
      leaseToken,
      code: FAILURE_CODE,
      message: 'It failed.',
      keepsArtifacts: false,
      ...failure,
    });
  }

  release({ edgeId, taskId, leaseToken }: TaskCall) {
    return this.engine.get(HandBack).release(edgeId, taskId, leaseToken);
  }

  /** As an operator does it: what the edge holds goes back in the same transaction. */
  revoke(edgeId: string): Promise<number> {
    return this.engine.unitOfWork.run(async (tx) => {
      await this.engine.get(Edges).revoke(tx, edgeId);
      return this.engine.get(EdgeLeases).revoke(tx, edgeId, this.engineNow());
    });
  }

  async cancel(jobId: string): Promise<string> {
    const now = this.engineNow();
    const cancel = this.engine.get(JobLifecycle);
    return (await this.engine.unitOfWork.run((tx) => cancel.cancel(tx, jobId, now))).status;
  }

  async retry(jobId: string): Promise<string> {
    const now = this.engineNow();
    const jobs = this.engine.get(JobLifecycle);
    return (await this.engine.unitOfWork.run((tx) => jobs.retry(tx, jobId, now))).status;
  }

  async pause(queue: string): Promise<void> {
    await this.engine.get(Queues).pause(queue);
  }

  async resume(queue: string): Promise<void> {
    await this.engine.get(Queues).resume(queue);
  }

  async sweep(): Promise<void> {
    await this.engine.get(LeaseSweep).runOnce();
  }

  async restart(): Promise<void> {
    this.engine = await this.engine.reopen();
  }

  /** As after kill -9: the next one finds the files as they lie there, and no hook of the old one has run. */
  async kill(): Promise<void> {
    this.engine = await this.engine.reopen({ isKilled: true });
  }

  state(): Promise<RealState> {
    return readState(this.engine.reads);
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  private engineNow(): number {
    return this.engine.get(Clock).now();
  }
}

function principalOf(edge: Edge): EdgePrincipal {
  return {
    edgeId: edge.id,
    name: edge.id,
    kinds: edge.kinds,
    labels: edge.labels,
    desired: edge.isDraining ? 'drain' : 'run',
    maxLeases: edge.maxLeases,
    agentVersion: null,
    platform: null,
  };
}

function grantedOf({ task, leaseToken, leaseExpiresAt, serverTime, resume }: LeasedTask): Granted {
  return {
    taskId: task.id,
    token: leaseToken,
    attempt: task.attempt,
    leaseExpiresAt,
    serverTime,
    resume,
  };
}
