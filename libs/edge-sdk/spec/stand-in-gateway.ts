import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** How a call is answered instead of being carried out (`reset` never answers; `lost` carries it out, then resets;
 * `cut` answers with a list that breaks off after its first line). */
export type Disturbance =
  | { readonly kind: 'reset' | 'lost' | 'cut' }
  | {
      readonly kind: 'problem';
      readonly status: number;
      readonly code: string;
      readonly retryAfter?: number;
    };

interface HeldTask {
  readonly wire: Record<string, unknown> & { taskId: string; leaseToken: string };
  status: 'queued' | 'leased' | 'completed' | 'failed' | 'released' | 'cancelled';
  readonly rows: Map<string, unknown>;
  readonly artifacts: Map<string, { body: Buffer; contentType: string }>;
  completion: Record<string, unknown> | null;
  failure: Record<string, unknown> | null;
  readonly heartbeats: Record<string, unknown>[];
}

/** A gateway in memory, as small as the edge face allows: what the contract says an agent can rely on. */
export class StandInGateway {
  readonly calls: SeenCall[] = [];
  readonly tasks: HeldTask[] = [];
  edge: 'run' | 'drain' | 'stop' = 'run';
  heartbeatSeconds = 1;
  /** Opened so far. */
  connections = 0;
  private readonly disturbances: { path: RegExp; times: number; how: Disturbance }[] = [];
  private readonly leasesByKey = new Map<string, HeldTask[]>();
  private server: Server | null = null;
  private port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => void this.answer(request, response));
    server.on('connection', () => (this.connections += 1));
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
    return this;
  }

  /** As a restart does: every connection ends, and further ones are refused until `start()`. */
  async stop(): Promise<void> {
    const server = this.server;
    this.server = null;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  add(taskId: string, payload: object = {}, kind = 'echo'): HeldTask {
    const task: HeldTask = {
      wire: {
        taskId,
        jobId: `job-${taskId}`,
        taskIndex: 0,
        kind,
        queue: 'default',
        attempt: 1,
        leaseToken: `lease-${taskId}`,
        leaseExpiresAt: '2026-01-01T00:01:00.000Z',
        leaseSeconds: 60,
        timeoutSeconds: null,
        heartbeatSeconds: this.heartbeatSeconds,
        serverTime: '2026-01-01T00:00:00.000Z',
        payload,
        inputs: [],
        resume: null,
      },
      status: 'queued',
      rows: new Map(),
      artifacts: new Map(),
      completion: null,
      failure: null,
      heartbeats: [],
    };
    this.tasks.push(task);
    return task;
  }

  /** The next `times` calls whose path matches are answered so. */
  disturb(path: RegExp, how: Disturbance, times = 1): void {
    this.disturbances.push({ path, times, how });
  }

  /** No further call is disturbed. */
  calm(): void {
    this.disturbances.length = 0;
  }

  callsTo(path: RegExp): SeenCall[] {
    return this.calls.filter((call) => path.test(`${call.method} ${call.path}`));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks);
    const path = request.url ?? '';
    const method = request.method ?? '';
    this.calls.push({ method, path, headers: request.headers, body: body.toString() });
    const disturbance = this.nextDisturbance(`${method} ${path}`);
    if (disturbance?.kind === 'reset') return void request.socket.destroy();
    if (disturbance?.kind === 'problem') {
      const { status, code, retryAfter } = disturbance;
      if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
      return problem(response, status, code);
    }
    if (disturbance?.kind === 'cut') {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      return void response.write('{"configId":"a"}\n', () => request.socket.destroy());
    }
    await this.carryOut(
      request,
      body,
      disturbance?.kind === 'lost' ? discarding(response) : response,
    );
    if (disturbance?.kind === 'lost') request.socket.destroy();
  }

  private nextDisturbance(call: string): Disturbance | null {
    const found = this.disturbances.find((d) => d.times > 0 && d.path.test(call));
    if (found === undefined) return null;
    found.times -= 1;
    return found.how;
  }

  private async carryOut(
    request: IncomingMessage,
    body: Buffer,
    response: Answerer,
  ): Promise<void> {
    const url = new URL(request.url ?? '', this.url);
    const route = url.pathname.replace('/internal/edges/', '');
    const json = () => JSON.parse(body.toString()) as Record<string, unknown>;
    if (route === 'enroll') {
      return send(response, 201, { edgeId: 'edge-1', token: 'fme_made', heartbeatSeconds: 1 });
    }
    if (route === 'heartbeat') return send(response, 200, { ...this.edgeAnswer(), tasks: [] });
    if (route === 'releases/current') return send(response, 204);
    if (route === 'tasks/next' || route === 'tasks/lease') {
      return this.lease(request, json(), route === 'tasks/lease', response);
    }
    const [, taskId, verb, name] = /^tasks\/([^/]+)\/([^/]+)(?:\/(.+))?$/.exec(route) ?? [];
    const task = this.tasks.find((t) => t.wire.taskId === taskId);
    if (task === undefined) return problem(response, 404, 'task.not_found');
    if (request.headers['foreman-lease'] !== task.wire.leaseToken) {
      return problem(response, 400, 'lease.missing');
    }
    this.aboutTask(task, `${verb}`, {
      name,
      body,
      leaseNext: url.searchParams.get('next') === 'true',
      request,
      response,
    });
  }

  private async lease(
    request: IncomingMessage,
    { max = 1, waitSeconds = 0 }: { max?: number; waitSeconds?: number },
    isMany: boolean,
    response: Answerer,
  ): Promise<void> {
    const key = String(request.headers['idempotency-key']);
    let leased = this.leasesByKey.get(key);
    const untilMs = performance.now() + waitSeconds * 20;
    while (leased === undefined) {
      const found = this.edge === 'run' ? this.queued().slice(0, max) : [];
      if (found.length > 0) {
        for (const task of found) task.status = 'leased';
        this.leasesByKey.set(key, (leased = found));
      } else if (this.edge !== 'run') {
        response.setHeader('retry-after', 1);
        return send(response, 204);
      } else if (performance.now() > untilMs) {
        return send(response, 204);
      } else {
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (request.socket.destroyed) return;
      }
    }
    const items = leased.map((task) => task.wire);
    send(response, 200, isMany ? { items } : items[0]);
  }

  private aboutTask(
    task: HeldTask,
    verb: string,
    call: {
      name: string | undefined;
      body: Buffer;
      leaseNext: boolean;
      request: IncomingMessage;
      response: Answerer;
    },
  ): void {
    const { response, body, name } = call;
    const json = () => JSON.parse(body.toString()) as Record<string, unknown>;
    if (verb === 'heartbeat' && task.status === 'cancelled') {
      return send(response, 200, { ...this.edgeAnswer(), action: 'cancel' });
    }
    if (verb === 'complete' && task.status === 'completed') {
      return send(response, 200, { taskId: task.wire.taskId, status: 'completed', next: null });
    }
    if (task.status !== 'leased') return problem(response, 409, 'lease.lost');
    if (verb === 'heartbeat') {
      task.heartbeats.push(json());
      return send(response, 200, { ...this.edgeAnswer(), action: 'continue' });
    }
    if (verb === 'results' && name === 'ids') {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      return void response.end(
        [...task.rows.values()].map((row) => `${JSON.stringify(row)}\n`).join(''),
      );
    }
    if (verb === 'results') {
      const isStream = call.request.headers['content-type'] === 'application/x-ndjson';
      const rows = isStream
        ? body
            .toString()
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as { configId: string })
        : (json()['rows'] as { configId: string }[]);
      for (const row of rows) task.rows.set(row.configId, row);
      return send(response, 200, { received: rows.length, stored: task.rows.size });
    }
    if (verb === 'artifacts') {
      const contentType = String(call.request.headers['content-type']);
      task.artifacts.set(`${name}`, { body, contentType });
      const sha256 = createHash('sha256').update(body).digest('hex');
      return send(response, 201, { name, content_type: contentType, size: body.length, sha256 });
    }
    if (verb === 'complete') {
      task.completion = json();
      task.status = 'completed';
      const next = call.leaseNext ? this.queued()[0] : undefined;
      if (next !== undefined) next.status = 'leased';
      return send(response, 200, {
        taskId: task.wire.taskId,
        status: 'completed',
        jobStatus: 'completed',
        next: next?.wire ?? null,
      });
    }
    if (verb === 'fail') task.failure = json();
    task.status = verb === 'fail' ? 'failed' : 'released';
    send(response, 200, { taskId: task.wire.taskId, status: 'queued', availableAt: null });
  }

  private queued(): HeldTask[] {
    return this.tasks.filter((task) => task.status === 'queued');
  }

  private edgeAnswer(): object {
    const { edge, heartbeatSeconds } = this;
    return { edge, heartbeatSeconds, leaseExpiresAt: '2026-01-01T00:01:00.000Z', serverTime: '' };
  }
}

type Answerer = Pick<ServerResponse, 'setHeader' | 'writeHead' | 'end'>;

/** Swallows an answer, so that its call was carried out but never heard of. */
function discarding(response: ServerResponse): Answerer {
  return {
    setHeader: () => response,
    writeHead: () => response,
    end: () => response,
  };
}

function send(response: Answerer, status: number, body?: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function problem(response: Answerer, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify({ type: 'about:blank', title: code, status, code, detail: code }));
}
