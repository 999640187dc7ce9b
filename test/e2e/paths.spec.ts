import { type InProcessGateway, type RawAnswer, sendRaw, startInProcess } from './harness';

/** A start of the whole gateway takes a second, and many times that on a busy machine. */
jest.setTimeout(60_000);

/** What a proxy allows or denies by its path must be found under that path alone. */
describe('a path', () => {
  let gateway: InProcessGateway;
  let jobId: string;
  beforeAll(async () => {
    gateway = await startInProcess();
    jobId = (await gateway.asAdmin<{ id: string }>('POST', '/jobs', { kind: 'none' })).body.id;
  });
  afterAll(() => gateway.stop());

  const send = (line: string, headers: readonly string[] = [], body = ''): Promise<RawAnswer> =>
    sendRaw(
      gateway.baseUrl,
      [
        `${line} HTTP/1.1`,
        ...['Host: x', 'Connection: close', `Authorization: Bearer ${gateway.adminToken}`],
        ...headers,
        '',
        body,
      ].join('\r\n'),
    );
  const of = (path: string) => path.replace(':id', jobId);

  it.each([
    '/jobs',
    '/jobs/',
    '/jobs/?limit=1',
    '/jobs?kind=//..%41',
    '/jobs/:id',
    '/jobs/:id/',
    '/admin/stats',
    '/admin/stats/',
    '/admin/queues',
    '/metrics',
    '/metrics/',
    '/healthz',
    '/docs',
    '/docs/',
    '/docs/swagger-ui.css',
    '/openapi.json',
    'http://anywhere.example/jobs',
  ])('is served as %s', async (path) => {
    expect((await send(`GET ${of(path)}`)).status).toBe(200);
  });

  it.each([
    '/Jobs',
    '/JOBS/:id',
    '/jobs/:id/Tasks',
    '/ADMIN/STATS',
    '/admin/Stats',
    '/METRICS',
    '/Metrics',
    '/Docs',
    '/DOCS/swagger-ui.css',
    '/docs/../jobs',
    '/docs/./swagger-ui.css',
    '/docs//swagger-ui.css',
    '/docs/swagger%2Dui.css',
    '/docs/%2e/swagger-ui.css',
    '/OpenAPI.json',
    '/HEALTHZ',
    '//jobs',
    '///jobs',
    '/jobs//',
    '//admin/stats',
    '/admin//stats',
    '/admin/./stats',
    '/admin/x/../stats',
    '/%6Aobs',
    '/%6aobs',
    '/jo%62s/:id',
    '/admin%2Fstats',
    '/%61dmin/stats',
    '/admin/%73tats',
    '/metrics%00',
    '/metrics;x',
    '/metrics%20',
    '/jobs#x',
    '/jobs%zz',
    '/openapi%2Ejson',
    'http://anywhere.example/ADMIN/stats',
    'http://anywhere.example//jobs',
  ])('is not served as %s', async (path) => {
    const answer = await send(`GET ${of(path)}`);
    expect([answer.status, answer.headers.includes('application/problem+json')]).toEqual([
      404,
      true,
    ]);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'route.not_found' });
    expect(answer.headers).toContain('X-Request-Id');
  });

  it('of a part that is named has one spelling', async () => {
    const encoded = `%30${jobId.slice(1)}`;
    const answer = await send(`GET /jobs/${encoded}`);
    expect(JSON.parse(answer.body)).toMatchObject({ status: 404, code: 'route.not_found' });
    // What must be encoded in a path, is: it reaches its handler.
    const queue = await send(`GET /jobs/${jobId}/artifacts/a%2Fb`);
    expect(JSON.parse(queue.body)).toMatchObject({ status: 404, code: 'artifact.not_found' });
  });

  it('is one for an Idempotency-Key, with a slash behind it or without', async () => {
    const body = '{"kind":"none"}';
    const headers = [
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      'Idempotency-Key: once',
    ];
    const answers = [];
    for (const path of ['/jobs', '/jobs/', '/jobs?', '/jobs/?']) {
      answers.push(await send(`POST ${path}`, headers, body));
    }
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 200]);
    const ids = answers.map((answer) => (JSON.parse(answer.body) as { id: string }).id);
    expect(new Set(ids).size).toBe(1);
  });
});
