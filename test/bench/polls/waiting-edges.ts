import { Client } from 'undici';
import { perSecond } from '../measure/concurrent-calls';
import type { Connections } from '../http/connections';
import { postJson } from '../http/gateway-setup';

const NEXT = '/internal/edges/tasks/next';
/** Later waits are between this share of the first ones and all of it, so that they do not end all at once. */
const SHORTEST_LATER_WAIT = 0.7;
/** So that a kind is what many edges wait for, and a task is for a few of all. */
const KINDS = 50;

/** Makes so many edges, over the connections of the bench. Answers their tokens; edge n runs kind n modulo 50. */
export async function enrolEdges(
  connections: Connections,
  adminToken: string,
  count: number,
): Promise<string[]> {
  const tokens: string[] = Array.from({ length: count });
  const tokenOf = async (call: ReturnType<typeof postJson>) => {
    const { body } = await connections.send(call);
    return (JSON.parse(body.toString()) as { token: string }).token;
  };
  await perSecond(count, async (number) => {
    const enrolment = await tokenOf(postJson('/admin/enrolments', adminToken, {}));
    const description = { name: `waiting-${number}`, kinds: [kindOf(number)] };
    tokens[number] = await tokenOf(postJson('/internal/edges/enroll', enrolment, description));
  });
  return tokens;
}

export function kindOf(edgeNumber: number): string {
  return `bench-${edgeNumber % KINDS}`;
}

/** Edges that each hold a connection of their own, and poll again as soon as they are answered. */
export class WaitingEdges {
  private readonly clients: Client[];
  private readonly leased = new Map<string, number>();
  private readonly wanted = new Map<string, (atMs: number) => void>();
  private onPoll: (number: number) => void = () => undefined;
  private fault: unknown = null;
  private isStopped = false;

  constructor(
    origin: string,
    private readonly tokens: readonly string[],
    /** Of the first poll of each, at most 50. */
    private readonly waitSeconds: number,
  ) {
    this.clients = tokens.map(() => new Client(origin));
  }

  /** One short poll of each, so that connections are open and tokens known. */
  async warmUp(): Promise<void> {
    await perSecond(this.tokens.length, async (number) => {
      await this.poll(number, 0);
    });
  }

  /** Begins to wait with all of them; returns at once. */
  start(): void {
    for (const number of this.tokens.keys()) {
      this.keepPolling(number).catch((error: unknown) => {
        if (!this.isStopped) this.fault ??= error;
      });
    }
  }

  /** Settles when each has asked once more than it had when this was called. */
  async everyoneAgain(): Promise<void> {
    const left = new Set(this.tokens.keys());
    await new Promise<void>((resolve) => {
      this.onPoll = (number) => {
        left.delete(number);
        if (left.size === 0) resolve();
      };
    });
    this.onPoll = () => undefined;
  }

  /** When the edge that got a task of this job had its answer, on this process's monotonic clock. */
  async leaseOf(jobId: string): Promise<number> {
    if (this.fault !== null) throw this.fault;
    const atMs = this.leased.get(jobId);
    return atMs ?? new Promise((resolve) => this.wanted.set(jobId, resolve));
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await Promise.all(this.clients.map((client) => client.destroy()));
  }

  private async keepPolling(number: number): Promise<void> {
    const share = number / this.tokens.length;
    const laterSeconds =
      this.waitSeconds * (SHORTEST_LATER_WAIT + share * (1 - SHORTEST_LATER_WAIT));
    let { waitSeconds } = this;
    while (!this.isStopped) {
      this.onPoll(number);
      const jobId = await this.poll(number, waitSeconds);
      waitSeconds = laterSeconds;
      if (jobId === null) continue;
      const atMs = performance.now();
      this.leased.set(jobId, atMs);
      this.wanted.get(jobId)?.(atMs);
      this.wanted.delete(jobId);
    }
  }

  /** The job whose task it got; null: none. */
  private async poll(number: number, waitSeconds: number): Promise<string | null> {
    const client = this.clients[number];
    const token = this.tokens[number];
    if (client === undefined || token === undefined) throw new RangeError(`No edge ${number}`);
    const { method, path, headers, body } = postJson(NEXT, token, { waitSeconds });
    const response = await client.request({ method, path, headers, body });
    const text = await response.body.text();
    if (response.statusCode === 204) return null;
    if (response.statusCode !== 200) throw new Error(`A poll: ${response.statusCode} ${text}`);
    return (JSON.parse(text) as { jobId: string }).jobId;
  }
}
