import { setTimeout as sleep } from 'node:timers/promises';
import { createHash } from 'node:crypto';
import { call, type Answer } from '../../../e2e/harness/http-calls';
import type { GatewayLink } from '../../artifacts/load/gateway-link';
import type { Ledger } from '../ledger';
import type { Moment } from '../plan/kill-plan';
import type { Receivers } from './receivers';

/** Each is cancelled, retried, and cancelled again: two events, of two runs. */
const RUNS = 2;
/** The second standing endpoint is told of every other job. */
const KINDS = ['told-to-one', 'told-to-both'] as const;
/** Events of one job, on the average: its own endpoint's, and those of one or two standing ones. */
export const EVENTS_A_JOB = 5;
/** So many events are owed at most before the next job comes: else all kills would meet the same backlog. */
const OWED_AT_MOST = 60;
const LOOK_EVERY_MS = 20;

/** A service with jobs that end again and again; a call that a kill cut off is made once more. */
export class Service {
  constructor(
    private readonly link: GatewayLink,
    private readonly token: string,
    private readonly receivers: Receivers,
    private readonly ledger: Ledger,
    private readonly seed: number,
    private readonly pass: (moment: Moment) => void,
  ) {}

  /** Two standing endpoints: of all jobs, and of one kind. */
  async makeEndpoints(): Promise<void> {
    const kinds = [null, [KINDS[1]]];
    for (const [number, ofKinds] of kinds.entries()) {
      const path = `/standing/${number}`;
      const secret = this.secretOf(path);
      const url = this.receivers.url(number, path);
      await this.ask('POST', '/admin/webhook-endpoints', 201, { url, secret, kinds: ofKinds });
      this.ledger.endpoints.push({ path, secret });
    }
  }

  /** A job's whole life. */
  async work(number: number): Promise<void> {
    while (this.owed() - this.receivers.events > OWED_AT_MOST) await sleep(LOOK_EVERY_MS);
    const kind = KINDS[number % 2] ?? KINDS[0];
    const path = `/own/${number}`;
    const secret = this.secretOf(path);
    const webhook = { url: this.receivers.url(number, path), secret };
    const jobId = await this.submit({ kind, webhook }, number);
    this.ledger.endpoints.push({ path, secret });
    const standing = kind === KINDS[1] ? ['/standing/0', '/standing/1'] : ['/standing/0'];
    this.ledger.jobs.push({ jobId, runs: RUNS, paths: [path, ...standing] });
    await this.ask('POST', `/jobs/${jobId}/cancel`, 200);
    await this.ask('POST', `/jobs/${jobId}/retry`, 200);
    await this.ask('POST', `/jobs/${jobId}/cancel`, 200);
  }

  /** Of all jobs that are known to have been submitted. */
  owed(): number {
    return this.ledger.jobs.reduce((sum, { runs, paths }) => sum + runs * paths.length, 0);
  }

  private async submit(job: object, number: number): Promise<string> {
    const answer = await this.send('POST', '/jobs', job, { 'idempotency-key': `job ${number}` });
    if (answer.status !== 201 && answer.status !== 200) throw refusal('POST', '/jobs', answer);
    return String(answer.body['id']);
  }

  private async ask(method: string, path: string, status: number, body?: object): Promise<void> {
    const answer = await this.send(method, path, body);
    if (answer.status !== status) throw refusal(method, path, answer);
  }

  private send(
    method: string,
    path: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return this.link.untilAnswered('other', (baseUrl) => {
      this.pass('call sent');
      return call(baseUrl, method, path, { token: this.token, body, headers });
    });
  }

  private secretOf(path: string): string {
    const key = createHash('sha256').update(`${this.seed} ${path}`).digest('base64');
    return `whsec_${key}`;
  }
}

function refusal(method: string, path: string, { status, text }: Answer): Error {
  return new Error(`${method} ${path} was answered ${status}: ${text}`);
}
