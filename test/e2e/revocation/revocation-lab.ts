import { Database } from '@foreman/database';
import { type InProcessGateway, type TestEdge, startInProcess } from '../harness';
import { OpenCall } from './open-call';

export interface Task {
  readonly taskId: string;
  readonly leaseToken: string;
}

const MIB = 1_048_576;
export const LARGE_BYTES = 48 * MIB;
export const JSON_BODY = 'Content-Type: application/json';
export const SUBMISSION = '{"kind":"none"}';

/** A gateway, and calls to it that are under way. */
export class RevocationLab {
  private readonly open: OpenCall[] = [];

  private constructor(readonly gateway: InProcessGateway) {}

  static async start(): Promise<RevocationLab> {
    return new RevocationLab(await startInProcess({ artifactMaxBytes: 64 * MIB }));
  }

  async stop(): Promise<void> {
    for (const call of this.open) call.drop();
    await this.gateway.stop();
  }

  begin(token: string, head: readonly [string, ...string[]], body?: string): OpenCall {
    const call = new OpenCall(this.gateway.baseUrl, token, head, body);
    this.open.push(call);
    return call;
  }

  /** A call whose body does not come to its end by itself. */
  halfSent(token: string, call: string, header: string, length: number, part: string): OpenCall {
    const headers = [header, 'Connection: close', `Content-Length: ${length}`];
    return this.begin(token, [call, ...headers], part).read();
  }

  submit(token: string): OpenCall {
    const length = `Content-Length: ${SUBMISSION.length}`;
    return this.begin(token, ['POST /jobs', JSON_BODY, length], SUBMISSION);
  }

  async makeKey(...scopes: string[]): Promise<{ id: string; token: string }> {
    const key = { name: 'k', scopes };
    return (
      await this.gateway.asAdmin<{ id: string; token: string }>('POST', '/admin/api-keys', key)
    ).body;
  }

  /** The jobs and the stored inputs that there are of this key. */
  madeBy(keyId: string): readonly [jobs: number, inputs: number] {
    return [
      this.count('SELECT count(*) FROM jobs WHERE created_by = ?', keyId),
      this.count(
        'SELECT count(*) FROM inputs WHERE created_by = ? AND stored_at IS NOT NULL',
        keyId,
      ),
    ];
  }

  count(sql: string, ...params: unknown[]): number {
    const { driver } = this.gateway.app.get(Database);
    return driver
      .prepare(sql)
      .pluck()
      .get(...params) as number;
  }

  beat(token: string) {
    const body = { tasks: [] };
    return this.gateway.call('POST', '/internal/edges/heartbeat', { token, body });
  }

  async leaseOne({ token }: TestEdge): Promise<Task> {
    const path = '/internal/edges/tasks/next';
    return (await this.gateway.call<Task>('POST', path, { token, body: {} })).body;
  }

  async rotate({ edgeId }: TestEdge): Promise<string> {
    const path = `/admin/edges/${edgeId}/rotate-token`;
    return (await this.gateway.asAdmin<{ token: string }>('POST', path)).body.token;
  }

  /** Calls again and again until the token opens nothing. */
  async callOn(token: string, method: string, path: string, body?: unknown): Promise<void> {
    for (;;) {
      const answer = await this.gateway.call(method, path, { token, body }).catch(() => null);
      if (answer === null || answer.status === 401) return;
    }
  }

  /** The path of an artifact that no buffer on its way holds. */
  async largeArtifact(): Promise<string> {
    const edge = await this.gateway.enrolEdge(['large']);
    const job = await this.gateway.asAdmin<{ id: string }>('POST', '/jobs', { kind: 'large' });
    const { taskId, leaseToken } = await this.leaseOne(edge);
    const at = `/internal/edges/tasks/${taskId}`;
    const call = { token: edge.token, headers: { 'Foreman-Lease': leaseToken } };
    const body = Buffer.alloc(LARGE_BYTES);
    await this.gateway.call('PUT', `${at}/artifacts/large.bin`, { ...call, body });
    await this.gateway.call('POST', `${at}/complete`, { ...call, body: {} });
    return `/jobs/${job.body.id}/artifacts/large.bin`;
  }
}
