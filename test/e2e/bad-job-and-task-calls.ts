/** The gateway's limit in these calls. */
export const JSON_LIMIT_BYTES = 1_048_576;
const UNKNOWN = '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11';
const ROW = { configId: 'a', config: {}, metrics: { m: 1 } };

/** What a bad call to the jobs or edge face sends, and the problem that it must be answered with. */
interface BadCall {
  readonly title: string;
  readonly method?: string;
  /** `:job` and `:task` stand for the ids of a running job and its task. */
  readonly path: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly lease?: 'live' | 'stale' | 'none';
  readonly expected: readonly [status: number, code: string];
  readonly errorPath?: string;
}

const SUBMISSIONS: BadCall[] = [
  { title: 'no kind', body: {}, errorPath: 'kind' },
  { title: 'an unknown field', body: { kind: 'x', colour: 'red' }, errorPath: 'colour' },
  {
    title: 'an unknown field of a task',
    body: { kind: 'x', tasks: [{ colour: 'red' }] },
    errorPath: 'tasks[0].colour',
  },
  { title: 'a kind of the wrong type', body: { kind: 7 }, errorPath: 'kind' },
  { title: 'a payload that is a list', body: { kind: 'x', payload: [1] }, errorPath: 'payload' },
  { title: 'a payload that is text', body: { kind: 'x', payload: 'p' }, errorPath: 'payload' },
  { title: 'no tasks', body: { kind: 'x', tasks: [] }, errorPath: 'tasks' },
  { title: 'a priority out of range', body: { kind: 'x', priority: 101 }, errorPath: 'priority' },
  { title: 'a runAt that is no time', body: { kind: 'x', runAt: 'soon' }, errorPath: 'runAt' },
  ...['2024-02-30T10:00:00Z', '2027-13-01', '2027-01-15T25:00:00', '2027-01-15T24:00:01'].map(
    (runAt) => ({ title: `a runAt at ${runAt}`, body: { kind: 'x', runAt }, errorPath: 'runAt' }),
  ),
  { title: 'a week for runAt', body: { kind: 'x', runAt: '2026-W10-1' }, errorPath: 'runAt' },
  {
    title: 'a payload without a bottom',
    body: `{"kind":"x","payload":{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}}`,
  },
  {
    title: 'an edge that is not there',
    body: { kind: 'x', assignTo: 'ghost' },
    errorPath: 'assignTo',
  },
  { title: 'numbers as metadata', body: { kind: 'x', metadata: { a: 1 } }, errorPath: 'metadata' },
  {
    title: 'a chat without messages',
    body: { kind: 'chat', payload: { model: 'm' } },
    errorPath: 'payload.messages',
  },
  { title: 'not JSON', body: '{"kind": ' },
  { title: 'JSON that is no object', body: '[]' },
].map((call) => ({ ...call, path: '/jobs', expected: [400, 'request.invalid'] as const }));

export const BAD_CALLS: BadCall[] = [
  ...SUBMISSIONS,
  {
    title: '2 MB of JSON',
    path: '/jobs',
    body: { kind: 'x', payload: { text: 'x'.repeat(2_000_000) } },
    expected: [413, 'request.too_large'],
  },
  {
    title: 'a form',
    path: '/jobs',
    body: 'kind=x',
    type: 'application/x-www-form-urlencoded',
    expected: [415, 'request.unsupported_type'],
  },
  {
    title: 'a batch with one bad job',
    path: '/jobs/batch',
    body: { jobs: [{ kind: 'x' }, { kind: '' }] },
    expected: [400, 'request.invalid'],
    errorPath: 'jobs.1.kind',
  },
  {
    title: 'a batch of too many tasks',
    path: '/jobs/batch',
    body: {
      jobs: Array.from({ length: 11 }, () => ({
        kind: 'x',
        tasks: Array.from({ length: 910 }, () => ({})),
      })),
    },
    expected: [400, 'request.invalid'],
    errorPath: 'jobs',
  },
  {
    title: 'a batch that requires too many labels',
    path: '/jobs/batch',
    body: {
      jobs: Array.from({ length: 10 }, () => ({
        kind: 'x',
        requires: Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`label-${n}`, 'v'])),
        tasks: Array.from({ length: 101 }, () => ({})),
      })),
    },
    expected: [400, 'request.invalid'],
    errorPath: 'jobs',
  },
  {
    title: 'a batch with one bad webhook secret',
    path: '/jobs/batch',
    body: {
      jobs: [
        { kind: 'x' },
        { kind: 'x', webhook: { url: 'https://example.com/', secret: 'whsec_short' } },
      ],
    },
    expected: [400, 'request.invalid'],
    errorPath: 'jobs.1.webhook.secret',
  },
  {
    title: 'a webhook to a private address',
    path: '/jobs',
    body: { kind: 'x', webhook: { url: 'https://10.0.0.1/' } },
    expected: [422, 'webhook.target_refused'],
  },
  {
    title: 'an unknown job',
    method: 'GET',
    path: `/jobs/${UNKNOWN}`,
    expected: [404, 'job.not_found'],
  },
  { title: 'a malformed job id', method: 'GET', path: '/jobs/7', expected: [404, 'job.not_found'] },
  {
    title: 'cancelling an unknown job',
    path: `/jobs/${UNKNOWN}/cancel`,
    expected: [404, 'job.not_found'],
  },
  {
    title: 'deleting an unknown job',
    method: 'DELETE',
    path: `/jobs/${UNKNOWN}`,
    expected: [404, 'job.not_found'],
  },
  {
    title: 'rows of an unknown job',
    method: 'GET',
    path: `/jobs/${UNKNOWN}/results`,
    expected: [404, 'job.not_found'],
  },
  {
    title: 'an unknown artifact',
    method: 'GET',
    path: '/jobs/:job/artifacts/none',
    expected: [404, 'artifact.not_found'],
  },
  {
    title: 'an artifact path that climbs',
    method: 'GET',
    path: '/jobs/:job/artifacts/..%2F..%2Fadmin',
    expected: [404, 'artifact.not_found'],
  },
  ...['createdAfter', 'createdBefore'].map((name) => ({
    title: `jobs ${name} a day that is not`,
    method: 'GET',
    path: `/jobs?${name}=2024-02-30`,
    expected: [400, 'request.invalid'] as const,
    errorPath: name,
  })),
  {
    title: 'a limit too large',
    method: 'GET',
    path: '/jobs?limit=501',
    expected: [400, 'request.invalid'],
    errorPath: 'limit',
  },
  {
    title: 'a forged cursor',
    method: 'GET',
    path: '/jobs?cursor=zzz',
    expected: [400, 'request.invalid'],
    errorPath: 'cursor',
  },
  {
    title: 'a sort that is SQL',
    method: 'GET',
    path: '/jobs/:job/results?sort=id;DROP',
    expected: [400, 'request.invalid'],
  },
  {
    title: 'no lease',
    path: '/internal/edges/tasks/:task/heartbeat',
    body: {},
    lease: 'none',
    expected: [400, 'lease.missing'],
  },
  ...['heartbeat', 'complete', 'release'].map((call) => ({
    title: `${call} under a stale lease`,
    path: `/internal/edges/tasks/:task/${call}`,
    body: {},
    lease: 'stale' as const,
    expected: [409, 'lease.lost'] as const,
  })),
  {
    title: 'rows under a stale lease',
    path: '/internal/edges/tasks/:task/results',
    body: { rows: [ROW] },
    lease: 'stale',
    expected: [409, 'lease.lost'],
  },
  {
    title: 'streamed rows under a stale lease',
    path: '/internal/edges/tasks/:task/results',
    body: `${JSON.stringify(ROW)}\n`,
    type: 'application/x-ndjson',
    lease: 'stale',
    expected: [409, 'lease.lost'],
  },
  {
    title: 'failure under a stale lease',
    path: '/internal/edges/tasks/:task/fail',
    body: { code: 'a', message: 'b' },
    lease: 'stale',
    expected: [409, 'lease.lost'],
  },
  {
    title: 'an artifact under a stale lease',
    method: 'PUT',
    path: '/internal/edges/tasks/:task/artifacts/a',
    body: 'bytes',
    type: 'text/plain',
    lease: 'stale',
    expected: [409, 'lease.lost'],
  },
  {
    title: 'a task that never was',
    path: `/internal/edges/tasks/${UNKNOWN}/heartbeat`,
    body: {},
    lease: 'live',
    expected: [404, 'task.not_found'],
  },
  {
    title: 'a malformed task id',
    path: '/internal/edges/tasks/7/complete',
    body: {},
    lease: 'live',
    expected: [404, 'task.not_found'],
  },
  {
    title: 'an artifact name that climbs',
    method: 'PUT',
    path: '/internal/edges/tasks/:task/artifacts/..%2Fa',
    body: 'bytes',
    type: 'text/plain',
    lease: 'live',
    expected: [400, 'request.invalid'],
  },
  {
    title: 'rows that are none',
    path: '/internal/edges/tasks/:task/results',
    body: { rows: 'many' },
    lease: 'live',
    expected: [400, 'request.invalid'],
    errorPath: 'rows',
  },
  {
    title: 'a bad row among good ones',
    path: '/internal/edges/tasks/:task/results',
    body: { rows: [ROW, { configId: 7 }] },
    lease: 'live',
    expected: [400, 'request.invalid'],
    errorPath: 'rows.1.configId',
  },
  {
    title: 'a row whose metric is text',
    path: '/internal/edges/tasks/:task/results',
    body: { rows: [{ ...ROW, metrics: { m: 'NaN' } }] },
    lease: 'live',
    expected: [400, 'request.invalid'],
    errorPath: 'rows.0.metrics.m',
  },
  {
    title: 'a digest that is none',
    method: 'PUT',
    path: '/internal/edges/tasks/:task/artifacts/a',
    body: 'bytes',
    type: 'text/plain; x',
    lease: 'live',
    expected: [400, 'request.invalid'],
  },
  {
    title: 'a wait of a minute',
    path: '/internal/edges/tasks/next',
    body: { waitSeconds: 60 },
    expected: [400, 'request.invalid'],
    errorPath: 'waitSeconds',
  },
  {
    title: 'a batch of none',
    path: '/internal/edges/tasks/lease',
    body: { max: 0 },
    expected: [400, 'request.invalid'],
    errorPath: 'max',
  },
];
