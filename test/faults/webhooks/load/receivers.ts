import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Arrival } from '../ledger';
import { answerPlan, latenessMs, type AnswerPlan } from '../plan/answer-plan';
import type { Moment } from '../plan/kill-plan';
import { toldEvent } from '../told-event';

/** Hosts, as the gateway counts them: each has its own slots. */
const HOSTS = 4;

/** Real servers that take posts, fail, break off and hang, by the seed; they outlive every gateway. */
export class Receivers {
  readonly arrivals: Arrival[] = [];
  private readonly servers: Server[] = [];
  private readonly timesOf = new Map<string, number>();
  private readonly end = new AbortController();
  private underWay = 0;

  constructor(
    private readonly seed: number,
    private readonly pass: (moment: Moment) => void,
  ) {}

  async start(): Promise<void> {
    for (let host = 0; host < HOSTS; host += 1) {
      const server = createServer((request, response) => {
        // A gateway that dies in the middle of a post is what this is about.
        this.take(request, response).catch(() => undefined);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      this.servers.push(server);
    }
  }

  /** Of the `number`th endpoint. */
  url(number: number, path: string): string {
    const server = this.servers[number % HOSTS];
    if (server === undefined) throw new Error('The receivers were not started');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  }

  /** Events that have come at least once, each counted for each endpoint. */
  get events(): number {
    return this.timesOf.size;
  }

  /** Posts that have come and are not answered. */
  get open(): number {
    return this.underWay;
  }

  async stop(): Promise<void> {
    this.end.abort();
    for (const server of this.servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const told = toldEvent(body);
    const event = `${request.url ?? ''} ${told?.jobId ?? ''} ${told?.run ?? ''}`;
    const arrival = this.timesOf.get(event) ?? 0;
    this.timesOf.set(event, arrival + 1);
    const answer = answerPlan(this.seed, event, arrival);
    const header = (name: string) => String(request.headers[name] ?? '');
    this.arrivals.push({
      path: request.url ?? '',
      id: header('webhook-id'),
      timestamp: header('webhook-timestamp'),
      signature: header('webhook-signature'),
      body,
      answer,
    });
    this.underWay += 1;
    response.once('close', () => (this.underWay -= 1));
    this.pass('post arrived');
    if (answer === 'late') {
      await sleep(latenessMs(this.seed, event, arrival), undefined, { signal: this.end.signal });
    }
    this.answer(response, answer);
  }

  private answer(response: ServerResponse, answer: AnswerPlan): void {
    if (answer === 'never') return;
    if (answer === 'break') {
      response.destroy();
      return;
    }
    response.writeHead(answer === 'error' ? 500 : 204).end(() => this.pass('post answered'));
  }
}
