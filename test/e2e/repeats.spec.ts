import { ReadConnection } from '@foreman/database';
import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

interface Task {
  readonly taskId: string;
  readonly jobId: string;
  readonly leaseToken: string;
}

interface Repeat {
  readonly method?: string;
  readonly path: (task: Task) => string;
  readonly by: 'service' | 'edge';
  readonly body?: unknown;
  readonly type?: string;
  readonly key?: string;
  /** Good as well, but not what the key was first used with. */
  readonly otherBody?: unknown;
  /** What the first call and its repeat answer. */
  readonly statuses: readonly [first: number, repeat: number];
  /** A call that must have come before. */
  readonly after?: readonly string[];
}

const ROWS = [{ configId: 'a', config: { x: 1 }, metrics: { m: 1 } }];
const JOB = { kind: 'never-leased' };

/** Invariant 3: a repeat of any call does no harm and answers as the first did. */
const CALLS: Record<string, Repeat> = {
  'submitting a job': {
    by: 'service',
    path: () => '/jobs',
    body: JOB,
    key: 'j',
    otherBody: { ...JOB, priority: 1 },
    statuses: [201, 200],
  },
  'submitting a batch': {
    by: 'service',
    path: () => '/jobs/batch',
    body: { jobs: [JOB, JOB] },
    key: 'b',
    otherBody: { jobs: [JOB] },
    statuses: [201, 200],
  },
  'making an API key': {
    by: 'service',
    path: () => '/admin/api-keys',
    body: { name: 'k', scopes: ['jobs:read'] },
    key: 'a',
    otherBody: { name: 'other', scopes: ['jobs:read'] },
    statuses: [201, 200],
  },
  'making an enrolment': {
    by: 'service',
    path: () => '/admin/enrolments',
    body: {},
    key: 'e',
    otherBody: { ttlSeconds: 60 },
    statuses: [201, 200],
  },
  pinning: { by: 'service', path: (t) => `/jobs/${t.jobId}/pin`, statuses: [204, 204] },
  unpinning: {
    by: 'service',
    method: 'DELETE',
    path: (t) => `/jobs/${t.jobId}/pin`,
    statuses: [204, 204],
  },
  cancelling: { by: 'service', path: (t) => `/jobs/${t.jobId}/cancel`, statuses: [200, 200] },
  retrying: {
    by: 'service',
    path: (t) => `/jobs/${t.jobId}/retry`,
    after: ['cancelling'],
    statuses: [200, 200],
  },
  deleting: {
    by: 'service',
    method: 'DELETE',
    path: (t) => `/jobs/${t.jobId}`,
    statuses: [204, 404],
  },
  'leasing the next task': {
    by: 'edge',
    path: () => '/internal/edges/tasks/next',
    body: {},
    key: 'n',
    otherBody: { resume: true },
    statuses: [200, 200],
  },
  'leasing several': {
    by: 'edge',
    path: () => '/internal/edges/tasks/lease',
    body: { max: 2 },
    key: 'm',
    otherBody: { max: 3 },
    statuses: [200, 200],
  },
  'a heartbeat': {
    by: 'edge',
    path: (t) => `/internal/edges/tasks/${t.taskId}/heartbeat`,
    body: { processed: 1, total: 2 },
    statuses: [200, 200],
  },
  'posting rows': {
    by: 'edge',
    path: (t) => `/internal/edges/tasks/${t.taskId}/results`,
    body: { rows: ROWS, resultFolder: 'runs/1' },
    statuses: [200, 200],
  },
  'streaming rows': {
    by: 'edge',
    path: (t) => `/internal/edges/tasks/${t.taskId}/results`,
    body: `${JSON.stringify(ROWS[0])}\n`,
    type: 'application/x-ndjson',
    statuses: [200, 200],
  },
  'uploading an artifact': {
    by: 'edge',
    method: 'PUT',
    path: (t) => `/internal/edges/tasks/${t.taskId}/artifacts/log.txt`,
    body: 'bytes',
    type: 'text/plain',
    statuses: [201, 200],
  },
  completing: {
    by: 'edge',
    path: (t) => `/internal/edges/tasks/${t.taskId}/complete`,
    body: { bestConfigIds: ['a'], resultCount: 1 },
    after: ['posting rows'],
    statuses: [200, 200],
  },
  'completing with the next lease': {
    by: 'edge',
    path: (t) => `/internal/edges/tasks/${t.taskId}/complete?next=true`,
    body: {},
    statuses: [200, 200],
  },
  'completing with a key and the next lease': {
    by: 'edge',
    path: (t) => `/internal/edges/tasks/${t.taskId}/complete?next=true`,
    body: {},
    key: 'c',
    otherBody: { processedCount: 1 },
    statuses: [200, 200],
  },
  failing: {
    by: 'edge',
    path: (t) => `/internal/edges/tasks/${t.taskId}/fail`,
    body: { code: 'x', message: 'y' },
    statuses: [200, 200],
  },
  'handing back': {
    by: 'edge',
    path: (t) => `/internal/edges/tasks/${t.taskId}/release`,
    statuses: [200, 200],
  },
};

const TABLES = [
  'jobs',
  'tasks',
  'attempts',
  'events',
  'artifacts',
  'api_keys',
  'enrolments',
  'lease_requests',
  'idempotency_keys',
  'deliveries',
];

/** What a repeat may move: the lease is extended, replaced rows and bytes get new keys, clocks go on. */
const MAY_MOVE = new Set(['lease_expires_at', 'progress_at', 'progress_rate', 'expires_at']);
/** `heartbeatSeconds` is drawn anew with each answer. */
const TIMES = new Set(['serverTime', 'leaseExpiresAt', 'expiresAt', 'heartbeatSeconds']);

describe('a repeated call', () => {
  let gateway: InProcessGateway;
  let edge: TestEdge;

  beforeAll(async () => {
    gateway = await startInProcess();
  });
  afterAll(() => gateway.stop());

  const state = async () => {
    const reads = gateway.app.get(ReadConnection);
    const rows: unknown[] = [];
    for (const table of TABLES)
      rows.push(await reads.query(`SELECT * FROM ${table} ORDER BY 1, 2`));
    rows.push(await reads.query('SELECT set_id, config_id, metrics FROM result_rows'));
    return JSON.stringify(rows, (name, value: unknown) => (MAY_MOVE.has(name) ? null : value));
  };

  const make = (call: Repeat, task: Task, body = call.body) => {
    const headers: Record<string, string> = { 'Foreman-Lease': task.leaseToken };
    if (call.key !== undefined) headers['Idempotency-Key'] = call.key;
    if (call.type !== undefined) headers['content-type'] = call.type;
    return gateway.call(call.method ?? 'POST', call.path(task), {
      token: call.by === 'edge' ? edge.token : gateway.adminToken,
      body,
      headers,
    });
  };

  /** A task of its own for this call, leased by an edge of its own. */
  const leaseFor = async (what: string) => {
    const kind = what.replaceAll(' ', '-');
    edge = await gateway.enrolEdge([kind]);
    await gateway.asAdmin('POST', '/jobs', { kind, tasks: [{}, {}, {}, {}] });
    const { body: task } = await gateway.call<Task>('POST', '/internal/edges/tasks/next', {
      token: edge.token,
      body: {},
    });
    return task;
  };

  it.each(Object.entries(CALLS))('%s', async (what, call) => {
    const task = await leaseFor(what);
    for (const before of call.after ?? []) await make(CALLS[before]!, task);
    const first = await make(call, task);
    const after = await state();
    const repeat = await make(call, task);
    expect([first.status, repeat.status]).toEqual(call.statuses);
    expect(await state()).toBe(after);
    if (repeat.status < 400 && repeat.text !== '') {
      expect(told(repeat.body)).toEqual(told(first.body));
    }
  });

  const keyed = Object.entries(CALLS).filter(([, call]) => call.key !== undefined);
  it.each(keyed)('%s, with another body, is refused and changes nothing', async (what, call) => {
    const task = await leaseFor(`other ${what}`);
    const withOwnKey = { ...call, key: `${call.key} other` };
    await make(withOwnKey, task);
    const after = await state();
    const conflict = await make(withOwnKey, task, call.otherBody);
    expect([conflict.status, conflict.body['code']]).toEqual([409, 'idempotency.conflict']);
    expect(await state()).toBe(after);
  });
});

describe('a repeat of what is gone', () => {
  let gateway: InProcessGateway;
  beforeAll(async () => {
    gateway = await startInProcess({ webhookAllowedNetworks: ['127.0.0.0/8'] });
  });
  afterAll(() => gateway.stop());

  interface Made {
    readonly id: string;
    readonly items?: readonly { readonly id: string }[];
    readonly gone?: readonly string[];
  }
  const make = (path: string, body: unknown, key = 'k') =>
    gateway.call<Made>('POST', path, {
      token: gateway.adminToken,
      headers: { 'Idempotency-Key': key },
      body,
    });
  const prune = async () => {
    const { body } = await gateway.asAdmin('POST', '/admin/retention/run');
    expect(body['jobs']).toBeGreaterThan(0);
  };

  it.each(['deleted', 'pruned'])('names a job that was %s', async (end) => {
    const first = await make('/jobs', JOB, end);
    await gateway.asAdmin('DELETE', `/jobs/${first.body.id}`);
    if (end === 'pruned') await prune();
    const repeat = await make('/jobs', JOB, end);
    expect([repeat.status, repeat.body]).toEqual([200, { gone: [first.body.id] }]);
  });

  it('answers the jobs of a batch that are there, and names the others', async () => {
    const batch = { jobs: [JOB, JOB, JOB] };
    const { body } = await make('/jobs/batch', batch);
    const [a = '', b = '', c = ''] = body.items?.map(({ id }) => id) ?? [];
    await gateway.asAdmin('DELETE', `/jobs/${a}`);
    await prune();
    await gateway.asAdmin('DELETE', `/jobs/${c}`);
    const repeat = await make('/jobs/batch', batch);
    expect([repeat.status, repeat.body.items?.map(({ id }) => id)]).toEqual([200, [b]]);
    expect(repeat.body.gone).toEqual([a, c]);
  });

  it.each([
    ['/inputs', { contentType: 'text/plain' }],
    ['/admin/webhook-endpoints', { url: 'http://127.0.0.1:8080/hook' }],
  ])('names what %s has made', async (path, body) => {
    const first = await make(path, body);
    expect(first.status).toBe(201);
    expect((await gateway.asAdmin('DELETE', `${path}/${first.body.id}`)).status).toBe(204);
    const repeat = await make(path, body);
    expect([repeat.status, repeat.body]).toEqual([200, { gone: [first.body.id] }]);
    expect(repeat.headers.get('location')).toBeNull();
  });

  it('shows a key that was revoked, which is kept', async () => {
    const key = { name: 'k', scopes: ['jobs:read'] };
    const first = await make('/admin/api-keys', key);
    await gateway.asAdmin('DELETE', `/admin/api-keys/${first.body.id}`);
    const repeat = await make('/admin/api-keys', key);
    expect([repeat.status, repeat.body]).toMatchObject([200, { id: first.body.id, token: null }]);
  });
});

/** An answer without its clocks, and without a secret that is shown once. */
function told(body: unknown): unknown {
  return JSON.parse(
    JSON.stringify(body, (name, value: unknown) =>
      TIMES.has(name) || name === 'token' ? undefined : value,
    ),
  );
}
