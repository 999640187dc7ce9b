import { gzipSync } from 'node:zlib';
import type { InProcessGateway, TestEdge } from './harness';

export interface Task {
  readonly taskId: string;
  readonly jobId: string;
  readonly leaseToken: string;
}

export interface Call {
  readonly path: string;
  readonly method?: string;
  readonly token?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An edge with a task that it has leased, one of four. */
export class Scene {
  constructor(
    readonly gateway: InProcessGateway,
    readonly edge: TestEdge,
    readonly task: Task,
  ) {}

  /** A call of the edge about a task. */
  about(what: string, body?: unknown, more: Partial<Call> = {}, task = this.task): Call {
    const headers = { 'Foreman-Lease': task.leaseToken, ...more.headers };
    const path = `/internal/edges/tasks/${task.taskId}/${what}`;
    return { token: this.edge.token, body, ...more, path, headers };
  }

  results(key: string | null, body: unknown, headers: Record<string, string> = {}): Call {
    return this.about('results', body, { headers: { ...keyed(key), ...headers } });
  }

  artifact(key: string | null, body: string, type = 'text/plain'): Call {
    const headers = { ...keyed(key), 'content-type': type };
    return this.about('artifacts/log.txt', body, { method: 'PUT', headers });
  }

  /** The same by a URL that was made for it. */
  async signed(key: string | null, body: string): Promise<Call> {
    const issue = this.urlFor(body);
    const { body: issued } = await this.make<{ url: string }>(issue);
    const { pathname, search } = new URL(issued.url);
    const headers = { ...keyed(key), 'content-type': 'text/plain' };
    return { method: 'PUT', path: pathname + search, token: null, body, headers };
  }

  urlFor(body: string): Call {
    const size = Buffer.byteLength(body);
    return this.about('artifacts/log.txt/upload-url', { contentType: 'text/plain', size });
  }

  heartbeatForAll(report: object): Call {
    const { taskId, leaseToken } = this.task;
    const body = { tasks: [{ taskId, leaseToken, ...report }] };
    return { path: '/internal/edges/heartbeat', token: this.edge.token, body };
  }

  next(): Call {
    return { path: '/internal/edges/tasks/next', token: this.edge.token, body: {} };
  }

  make<T = Record<string, unknown>>({ path, method = 'POST', ...options }: Call) {
    return this.gateway.call<T>(method, path, options);
  }
}

interface Answered {
  readonly body: Readonly<Record<string, unknown>>;
}

interface LateDuplicate {
  readonly older: (scene: Scene) => Call | Promise<Call>;
  /** What was accepted between the older call and its copy. */
  readonly newer: (scene: Scene, older: Answered) => Call | Promise<Call>;
  /** What the copy is answered. */
  readonly answer: object;
}

export const row = (configId: string, m: number) => ({
  configId,
  config: { x: m },
  metrics: { m },
});
export const lines = (...rows: object[]) => rows.map((each) => JSON.stringify(each)).join('\n');
export const NDJSON = { 'content-type': 'application/x-ndjson' };
export const OLD_ROWS = { rows: [row('a', 1), row('b', 1)], resultFolder: 'runs/1' };
export const NEW_ROWS = { rows: [row('a', 2), row('c', 2)], resultFolder: 'runs/2' };
const OLD_REPORT = { processed: 5, total: 10, status: 'at five', counters: { n: 1 }, sequence: 8 };
const NEW_REPORT = { processed: 7, total: 11, status: 'at seven', counters: { n: 2 }, sequence: 9 };
const GZIP = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
/** Of the older call, whose task it has completed. */
const nextOf = ({ body }: Answered) => body['next'] as Task;

/** Of each call that an edge makes under a lease, or about its end. */
export const LATE_CALLS: Record<string, LateDuplicate> = {
  'a heartbeat': {
    older: (scene) => scene.about('heartbeat', OLD_REPORT),
    newer: (scene) => scene.about('heartbeat', NEW_REPORT),
    answer: { action: 'continue' },
  },
  'a heartbeat that comes twice in a row': {
    older: (scene) => scene.about('heartbeat', OLD_REPORT),
    newer: (scene) => scene.about('heartbeat', OLD_REPORT),
    answer: { action: 'continue' },
  },
  'a heartbeat for all': {
    older: (scene) => scene.heartbeatForAll(OLD_REPORT),
    newer: (scene) => scene.heartbeatForAll(NEW_REPORT),
    answer: { tasks: [expect.objectContaining({ action: 'continue' })] },
  },
  'rows as JSON': {
    older: (scene) => scene.results('1', OLD_ROWS),
    newer: (scene) => scene.results('2', NEW_ROWS),
    answer: { received: 2, stored: 3 },
  },
  'rows as packed JSON': {
    older: (scene) => scene.results('1', gzipSync(JSON.stringify(OLD_ROWS)), GZIP),
    newer: (scene) => scene.results('2', NEW_ROWS),
    answer: { received: 2, stored: 3 },
  },
  'a stream of rows': {
    older: (scene) => scene.results('1', lines(row('a', 1), row('b', 1)), NDJSON),
    newer: (scene) => scene.results('2', lines(row('a', 2)), NDJSON),
    answer: { received: 2, stored: 2 },
  },
  'more rows than one unit takes': {
    older: (scene) => scene.results('1', { rows: manyRows(1) }),
    newer: (scene) => scene.results('2', { rows: manyRows(2) }),
    answer: { received: 2501, stored: 2501 },
  },
  'an artifact': {
    older: (scene) => scene.artifact('1', 'old bytes'),
    newer: (scene) => scene.artifact('2', 'new'),
    answer: { name: 'log.txt', size: 3 },
  },
  'an artifact under another type': {
    older: (scene) => scene.artifact('1', 'bytes', 'text/csv'),
    newer: (scene) => scene.artifact('2', 'bytes'),
    answer: { name: 'log.txt', content_type: 'text/plain' },
  },
  'a large artifact': {
    older: (scene) => scene.artifact('1', 'x'.repeat(700_000)),
    newer: (scene) => scene.artifact('2', 'new'),
    answer: { name: 'log.txt', size: 3 },
  },
  'an artifact by a signed URL': {
    older: (scene) => scene.signed('1', 'old bytes'),
    newer: (scene) => scene.signed('2', 'new'),
    answer: { name: 'log.txt', size: 3 },
  },
  'an artifact by a signed URL, replaced by the edge itself': {
    older: (scene) => scene.signed('1', 'old bytes'),
    newer: (scene) => scene.artifact('2', 'new'),
    answer: { name: 'log.txt', size: 3 },
  },
  'asking for an upload URL': {
    older: (scene) => scene.urlFor('old bytes'),
    newer: (scene) => scene.artifact(null, 'new'),
    answer: { method: 'PUT' },
  },
  'asking for a download URL': {
    older: async (scene) => {
      await scene.make(scene.artifact(null, 'bytes'));
      await scene.make(scene.about('complete', {}));
      const path = `/jobs/${scene.task.jobId}/artifacts/0.log.txt/download-url`;
      return { path, token: scene.gateway.adminToken, body: {} };
    },
    newer: (scene) => scene.next(),
    answer: { method: 'GET' },
  },
  'asking which rows count': {
    older: (scene) => scene.about('results/ids', undefined, { method: 'GET' }),
    newer: (scene) => scene.results(null, NEW_ROWS),
    answer: {},
  },
  'failing a task that is leased again': {
    older: (scene) => scene.about('fail', { code: 'x', message: 'y', retryAfterSeconds: 0 }),
    newer: (scene) => scene.next(),
    answer: { status: 'queued' },
  },
  'handing back a task that is leased again': {
    older: (scene) => scene.about('release'),
    newer: (scene) => scene.next(),
    answer: { status: 'queued' },
  },
  'completing a task': {
    older: (scene) => scene.about('complete', { processedCount: 1 }),
    newer: (scene) => scene.next(),
    answer: { status: 'completed', next: null },
  },
  'completing with the next lease, which is over': {
    older: (scene) => scene.about('complete?next=true', { processedCount: 1 }),
    newer: (scene, older) => scene.about('complete', {}, {}, nextOf(older)),
    answer: { status: 'completed', next: null },
  },
  'completing with the next lease, which was handed back': {
    older: (scene) => scene.about('complete?next=true', {}, { headers: keyed('1') }),
    newer: (scene, older) => scene.about('release', undefined, {}, nextOf(older)),
    answer: { status: 'completed', next: null },
  },
};

function keyed(key: string | null): Record<string, string> {
  return key === null ? {} : { 'Idempotency-Key': key };
}

function manyRows(m: number): object[] {
  return Array.from({ length: 2501 }, (_, index) => row(`c${index}`, m));
}
