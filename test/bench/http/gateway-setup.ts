import { CALLERS } from '../bench-plan';
import type { Connections } from './connections';
import type { HttpAnswer, HttpCall } from './http-call';

/** A task that an edge of the bench holds. */
export interface HeldTask {
  readonly taskId: string;
  readonly jobId: string;
  readonly leaseToken: string;
  /** The bearer token of the edge that holds it. */
  readonly edgeToken: string;
}

interface LeasedTasks {
  readonly items: { taskId: string; jobId: string; leaseToken: string }[];
}

/** The kind that the edges of the bench run. */
const KIND = 'bench';
/** Longer than any run: nothing is to expire while it is measured. */
const LEASE_SECONDS = 3600;
/** The contract's limits for one call. */
const JOBS_A_BATCH = 1000;
const LEASES_A_CALL = 100;

/** Brings the gateway into the state that a call needs; none of it is measured. */
export class GatewaySetup {
  private constructor(
    private readonly connections: Connections,
    readonly serviceToken: string,
    readonly edgeTokens: readonly string[],
  ) {}

  /** Makes a service's key, and an edge for each connection. */
  static async begin(connections: Connections, adminToken: string): Promise<GatewaySetup> {
    const asAdmin = async (path: string, body: object) =>
      jsonOf<{ token: string }>(await connections.send(postJson(path, adminToken, body)));
    const scopes = ['jobs:read', 'jobs:write'];
    const service = await asAdmin('/admin/api-keys', { name: 'bench', scopes });
    const edgeTokens: string[] = [];
    for (let number = 0; number < CALLERS; number += 1) {
      const enrolment = await asAdmin('/admin/enrolments', {});
      const description = { name: `edge-${number}`, kinds: [KIND] };
      const enrol = postJson('/internal/edges/enroll', enrolment.token, description);
      edgeTokens.push(jsonOf<{ token: string }>(await connections.send(enrol)).token);
    }
    return new GatewaySetup(connections, service.token, edgeTokens);
  }

  /** The edge that makes the call of this number. */
  edgeToken(index: number): string {
    return at(this.edgeTokens, index % CALLERS);
  }

  async queueJobs(count: number): Promise<void> {
    for (let left = count; left > 0; left -= JOBS_A_BATCH) {
      const jobs = Array.from({ length: Math.min(left, JOBS_A_BATCH) }, () => ({
        kind: KIND,
        payload: { symbol: 'SPX', interval: '1d', depth: 3 },
        leaseSeconds: LEASE_SECONDS,
      }));
      await this.connections.send(postJson('/jobs/batch', this.serviceToken, { jobs }));
    }
  }

  /** So many tasks, the one at `index` held by the edge that makes the call of that number. */
  async leaseTasks(count: number): Promise<HeldTask[]> {
    await this.queueJobs(count);
    const held: HeldTask[] = Array.from({ length: count });
    for (const [edge, edgeToken] of this.edgeTokens.entries()) {
      let index = edge;
      while (index < count) {
        const max = Math.min(LEASES_A_CALL, Math.ceil((count - index) / CALLERS));
        const call = postJson('/internal/edges/tasks/lease', edgeToken, { max });
        const { items } = jsonOf<LeasedTasks>(await this.connections.send(call));
        if (items.length === 0) throw new Error('There was no task to lease');
        for (const { taskId, jobId, leaseToken } of items) {
          held[index] = { taskId, jobId, leaseToken, edgeToken };
          index += CALLERS;
        }
      }
    }
    return held;
  }

  /** A job that has completed, with an artifact of these bytes. */
  async completedJob(artifactName: string, bytes: Buffer): Promise<string> {
    const task = at(await this.leaseTasks(1), 0);
    await this.connections.send(uploadTo(task, artifactName, bytes));
    await this.connections.send(aboutTask(task, 'complete', { processedCount: 1 }));
    return task.jobId;
  }
}

export function postJson(path: string, token: string, body: object): HttpCall {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return { method: 'POST', path, headers, body: JSON.stringify(body) };
}

export function getFrom(path: string, token: string): HttpCall {
  return { method: 'GET', path, headers: { authorization: `Bearer ${token}` } };
}

export function aboutTask(task: HeldTask, what: string, body: object): HttpCall {
  const path = `/internal/edges/tasks/${task.taskId}/${what}`;
  const call = postJson(path, task.edgeToken, body);
  return { ...call, headers: { ...call.headers, 'foreman-lease': task.leaseToken } };
}

export function uploadTo(task: HeldTask, name: string, body: Buffer): HttpCall {
  const headers = {
    authorization: `Bearer ${task.edgeToken}`,
    'content-type': 'application/octet-stream',
    'foreman-lease': task.leaseToken,
  };
  const path = `/internal/edges/tasks/${task.taskId}/artifacts/${name}`;
  return { method: 'PUT', path, headers, body };
}

export function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`Nothing at ${index} of ${items.length}`);
  return item;
}

export function jsonOf<T>(answer: HttpAnswer): T {
  return JSON.parse(answer.body.toString()) as T;
}
