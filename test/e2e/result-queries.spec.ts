import { ResultExports } from '@foreman/results';
import { eventually } from '@foreman/testing';
import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

interface Task {
  readonly taskId: string;
  readonly jobId: string;
  readonly leaseToken: string;
}

interface Page {
  readonly items: readonly { readonly configId: string }[];
  readonly nextCursor: string | null;
}

/** The seed has more digits than a double tells apart. */
const ROWS = [
  '{"configId":"a","config":{"fast":5,"seed":9007199254740993},"metrics":{"sharpe":0.5,"won":true}}',
  '{"configId":"b=1","config":{"fast":9},"metrics":{"sharpe":1.50,"won":null}}',
  '{"configId":"c","config":{"fast":7,"note":"=1+1"},"metrics":{"sharpe":null,"won":false,"max loss":-2}}',
  '{"configId":"d","config":{},"metrics":{"sharpe":-1}}',
];

describe('questions about result rows over HTTP', () => {
  let gateway: InProcessGateway;
  let service: string;
  let edge: TestEdge;
  let task: Task;

  beforeAll(async () => {
    gateway = await startInProcess();
    service = await gateway.makeApiKey('jobs:read', 'jobs:write');
    edge = await gateway.enrolEdge(['study/a:b']);
    await gateway.call('POST', '/jobs', { token: service, body: { kind: 'study/a:b' } });
    const next = { token: edge.token, body: {} };
    task = (await gateway.call<Task>('POST', '/internal/edges/tasks/next', next)).body;
    await post(ROWS);
  });
  afterAll(() => gateway.stop());

  const post = (rows: readonly string[]) =>
    gateway.call('POST', `/internal/edges/tasks/${task.taskId}/results`, {
      token: edge.token,
      body: `${rows.join('\n')}\n`,
      headers: { 'foreman-lease': task.leaseToken, 'content-type': 'application/x-ndjson' },
    });

  const get = <T = Page>(
    query: readonly (readonly [string, string])[],
    accept = 'application/json',
    path = 'results',
  ) =>
    gateway.call<T>('GET', `/jobs/${task.jobId}/${path}?${searchOf(query)}`, {
      token: service,
      headers: { accept },
    });

  it.each<[string, [string, string][], string[]]>([
    ['best first', [['sort', 'metrics.sharpe']], ['b=1', 'a', 'd', 'c']],
    ['one condition', [['where', 'metrics.sharpe>=0.5']], ['a', 'b=1']],
    [
      'several',
      [
        ['where', 'metrics.sharpe > -2'],
        ['where', 'metrics.won != null'],
      ],
      ['a'],
    ],
    ['a quoted name', [['where', 'metrics."max loss"<0']], ['c']],
    ['none', [['where', 'metrics.sharpe=null']], ['c']],
    ['an id', [['where', 'configId=b=1']], ['b=1']],
    [
      'an id and a metric',
      [
        ['where', 'configId=a'],
        ['where', 'metrics.sharpe>1'],
      ],
      [],
    ],
    [
      'two ids',
      [
        ['where', 'configId=a'],
        ['where', 'configId=b=1'],
      ],
      [],
    ],
    [
      'a task',
      [
        ['where', 'taskIndex=0'],
        ['where', 'metrics.won=true'],
      ],
      ['a'],
    ],
    ['no task', [['where', 'taskIndex=1']], []],
    [
      'sorted and filtered',
      [
        ['sort', 'metrics.sharpe'],
        ['order', 'asc'],
        ['where', 'metrics.sharpe!=null'],
      ],
      ['d', 'a', 'b=1'],
    ],
  ])('finds rows by %s', async (_what, query, expected) => {
    const { status, body } = await get(query);
    expect(status).toBe(200);
    expect(body.items.map(({ configId }) => configId)).toEqual(expected);
    expect(body.nextCursor).toBeNull();
    const lines = (await get(query, 'application/x-ndjson')).text.split('\n').slice(0, -1);
    expect(lines.map((line) => (JSON.parse(line) as { configId: string }).configId)).toEqual(
      expected,
    );
  });

  it('shows the numbers that were sent, digit for digit, and the fields that were asked for', async () => {
    const { text } = await get([['limit', '1']]);
    expect(text).toContain(`"items":[{"taskIndex":0,${ROWS[0]?.slice(1)}]`);
    const fields = [['fields', 'configId,config.seed,metrics.sharpe,config.fast']] as const;
    expect((await get(fields)).text).toBe(
      `{"items":[${[
        '{"configId":"a","config":{"seed":9007199254740993,"fast":5},"metrics":{"sharpe":0.5}}',
        '{"configId":"b=1","config":{"fast":9},"metrics":{"sharpe":1.50}}',
        '{"configId":"c","config":{"fast":7},"metrics":{"sharpe":null}}',
        '{"configId":"d","config":{},"metrics":{"sharpe":-1}}',
      ].join(',')}],"nextCursor":null}`,
    );
  });

  it('exports under the same conditions, in the columns that were asked for, to a named file', async () => {
    const query = [
      ['where', 'metrics.won!=true'],
      ['fields', 'metrics.sharpe,configId,config,config.never'],
    ] as const;
    const csv = await get(query, 'text/csv');
    expect(csv.text.split('\r\n')).toEqual([
      'metrics.sharpe,configId,config.fast,config.note,config.never',
      ",c,7,'=1+1,",
      '',
    ]);
    const name = `results-study-a-b-${task.jobId}`;
    expect(csv.headers.get('content-disposition')).toBe(`attachment; filename=${name}.csv`);
    const ndjson = await get(query, 'application/x-ndjson');
    expect(ndjson.headers.get('content-disposition')).toBe(`attachment; filename=${name}.ndjson`);
  });

  it('refuses one export more than may be open, in any form, and tells when to come again', async () => {
    const exports = gateway.app.get(ResultExports);
    const open = await Promise.all(Array.from({ length: 32 }, () => exports.ndjson(task.jobId)));
    for (const accept of ['application/x-ndjson', 'text/csv']) {
      const refused = await get([['sort', 'metrics.sharpe']], accept);
      expect(refused).toMatchObject({ status: 429, body: { code: 'rate.limited' } });
      expect(refused.headers.get('retry-after')).toBe('5');
    }
    expect((await get([['sort', 'metrics.sharpe']])).status).toBe(200);
    for (const stream of open) stream.destroy();
    await eventually('they are closed', () => open.every(({ closed }) => closed));
    for (const method of ['HEAD', 'GET']) {
      const { status, headers, text } = await gateway.call(
        method,
        `/jobs/${task.jobId}/results?sort=metrics.sharpe`,
        { token: service, headers: { accept: 'text/csv' } },
      );
      expect([status, headers.get('content-type')]).toEqual([
        200,
        'text/csv; charset=utf-8; header=present',
      ]);
      expect(text !== '').toBe(method === 'GET');
    }
  });

  it.each<[string, [string, string][], string]>([
    ['where', [['where', 'metrics.sharpe>=']], 'where[0] at character 17: expected a number'],
    ['where', [['where', "metrics.x>1' OR 1=1"]], 'where[0] at character 11: expected a number'],
    ['fields', [['fields', 'configId,sharpe']], 'fields at character 10: expected'],
    ['sort', [['sort', 'sharpe']], 'sort must be metrics.<name>'],
    ['filter', [['filter', 'x']], 'filter is not a known field'],
    [
      'where',
      Array.from({ length: 21 }, () => ['where', 'metrics.x>1']),
      'where must contain no more than 20',
    ],
  ])('refuses a bad %s by name and place', async (_what, query, detail) => {
    for (const accept of ['application/json', 'application/x-ndjson', 'text/csv']) {
      const { status, text } = await get(query, accept);
      expect(status).toBe(400);
      expect(JSON.parse(text)).toMatchObject({ code: 'request.invalid' });
      expect((JSON.parse(text) as { detail: string }).detail).toContain(detail);
    }
  });

  it('takes a cursor for the query that made it, and for no other', async () => {
    const query = [
      ['sort', 'metrics.sharpe'],
      ['where', 'metrics.sharpe>=-1'],
      ['limit', '1'],
    ] as const;
    const { nextCursor } = (await get(query)).body;
    const cursor = ['cursor', nextCursor ?? ''] as const;
    expect((await get([...query, cursor])).body.items).toMatchObject([{ configId: 'a' }]);
    // What is shown, and how much of it, may change from page to page.
    const narrow = [query[0], query[1], ['limit', '2'], ['fields', 'configId'], cursor] as const;
    expect((await get(narrow)).body.items).toEqual([{ configId: 'a' }, { configId: 'd' }]);
    const others: [string, string][][] = [
      [],
      [['sort', 'metrics.sharpe']],
      [
        ['sort', 'metrics.sharpe'],
        ['where', 'metrics.sharpe>-1'],
      ],
      [
        ['sort', 'metrics.sharpe'],
        ['order', 'asc'],
        ['where', 'metrics.sharpe>=-1'],
      ],
      [
        ['sort', 'metrics.won'],
        ['where', 'metrics.sharpe>=-1'],
      ],
    ];
    for (const other of others) expect((await get([...other, cursor])).status).toBe(400);
  });

  it('sums up', async () => {
    const { status, body } = await get<unknown>([], 'application/json', 'results/summary');
    expect(status).toBe(200);
    expect(body).toEqual({
      count: 4,
      metrics: {
        'max loss': summaryOf(1, -2, -2, -2, -2),
        sharpe: {
          ...summaryOf(3, -1, 1.5, 1 / 3, 0.5),
          quantiles: {
            p05: expect.closeTo(-0.85, 12),
            p25: -0.25,
            p75: 1,
            p95: expect.closeTo(1.4, 12),
          },
        },
        won: {
          ...summaryOf(2, 0, 1, 0.5, 0.5),
          quantiles: { p05: 0.05, p25: 0.25, p75: 0.75, p95: 0.95 },
        },
      },
      metricsTruncated: false,
    });
    const where = [['where', 'configId=d']] as const;
    expect((await get<unknown>(where, 'application/json', 'results/summary')).body).toEqual({
      count: 1,
      metrics: { sharpe: summaryOf(1, -1, -1, -1, -1) },
      metricsTruncated: false,
    });
    const bad = [['where', 'configId']] as const;
    expect((await get(bad, 'application/json', 'results/summary')).status).toBe(400);
    const nobodys = '/jobs/01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11/results/summary';
    expect((await gateway.call('GET', nobodys, { token: service })).status).toBe(404);
  });

  it('sums up the first hundred metrics by name, and says that there are more', async () => {
    const metrics = Array.from({ length: 120 }, (_, index) => `"m${100 + index}":${index}`);
    await post([`{"configId":"many","config":{},"metrics":{${metrics.join(',')}}}`]);
    const { body } = await get<{ count: number; metrics: object; metricsTruncated: boolean }>(
      [],
      'application/json',
      'results/summary',
    );
    expect(body).toMatchObject({ count: 5, metricsTruncated: true });
    const names = Array.from({ length: 100 }, (_, index) => `m${100 + index}`);
    expect(Object.keys(body.metrics)).toEqual(names);
  });
});

function summaryOf(count: number, min: number, max: number, mean: number, median: number) {
  const quantiles = { p05: min, p25: min, p75: min, p95: min };
  return { count, min, max, mean, median, quantiles };
}

function searchOf(query: readonly (readonly [string, string])[]): string {
  const search = new URLSearchParams();
  for (const [name, value] of query) search.append(name, value);
  return search.toString();
}
