import { INPUT_TTL_SECONDS } from '../ledger';
import type { GatewayLink } from './gateway-link';
import { jsonOf, send, type HttpCall } from './http-answer';
import type { KillTrigger } from './kill-trigger';
import { piecesOf } from './pieces';

/** No lease is to run out: what a kill leaves is carried on with. */
const LEASE_SECONDS = 3600;

export interface NewJob {
  readonly kind: string;
  readonly taskCount: number;
  readonly ttlSeconds: number;
  readonly inputId: string | null;
}

/** The calls of a service; each is made until it is answered. */
export class ServiceCalls {
  private pruning: Promise<void> | null = null;

  constructor(
    private readonly link: GatewayLink,
    private readonly trigger: KillTrigger,
    private readonly token: string,
  ) {}

  async createInput(key: string): Promise<string> {
    const body = { contentType: 'application/octet-stream', ttlSeconds: INPUT_TTL_SECONDS };
    const headers = { 'idempotency-key': key };
    const call = { method: 'POST', path: '/inputs', headers, body } as const;
    return jsonOf<{ id: string }>(await this.untilAnswered(call), 200, 201).id;
  }

  async putInput(inputId: string, bytes: Buffer): Promise<void> {
    const onPiece = () => this.trigger.pass('input piece');
    const onEnd = () => this.trigger.pass('input sent');
    const answer = await this.link.untilAnswered('input', (baseUrl) =>
      send(baseUrl, {
        method: 'PUT',
        path: `/inputs/${inputId}`,
        token: this.token,
        headers: { 'content-length': String(bytes.length) },
        body: piecesOf(bytes, onPiece, onEnd),
      }),
    );
    jsonOf(answer, 200, 201);
  }

  /** Once more after a kill it may be gone already. */
  async deleteInput(inputId: string): Promise<void> {
    jsonOf(await this.untilAnswered({ method: 'DELETE', path: `/inputs/${inputId}` }), 204, 404);
  }

  async submit(key: string, { kind, taskCount, ttlSeconds, inputId }: NewJob): Promise<string> {
    const body = {
      kind,
      ttlSeconds,
      leaseSeconds: LEASE_SECONDS,
      tasks: Array.from({ length: taskCount }, () => ({ payload: {} })),
      ...(inputId === null ? {} : { inputs: [{ name: 'it', inputId }] }),
    };
    const headers = { 'idempotency-key': key };
    const call = { method: 'POST', path: '/jobs', headers, body } as const;
    return jsonOf<{ id: string }>(await this.untilAnswered(call), 200, 201).id;
  }

  /** Once more after a kill the job may have been pruned already. */
  async cancel(jobId: string): Promise<void> {
    const call = { method: 'POST', path: `/jobs/${jobId}/cancel`, body: {} } as const;
    jsonOf(await this.untilAnswered(call), 200, 404);
  }

  /** Prunes what is to go by now, unless that is under way already. */
  prune(): Promise<void> {
    this.pruning ??= this.pruneOnce().finally(() => {
      this.pruning = null;
    });
    return this.pruning;
  }

  private async pruneOnce(): Promise<void> {
    const call = { method: 'POST', path: '/admin/retention/run', token: this.token } as const;
    const answer = await this.link.untilAnswered('pruning', (baseUrl) => {
      this.trigger.pass('pruning sent');
      return send(baseUrl, call);
    });
    jsonOf(answer, 200);
  }

  private untilAnswered(call: HttpCall) {
    return this.link.untilAnswered('other', (baseUrl) =>
      send(baseUrl, { ...call, token: this.token }),
    );
  }
}
