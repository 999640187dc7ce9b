import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { Agent, request } from 'undici';
import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

interface Task {
  readonly taskId: string;
  readonly jobId: string;
  readonly leaseToken: string;
}

const NDJSON = { 'content-type': 'application/x-ndjson' };
const JSON_TYPE = { 'content-type': 'application/json' };
const GZIP = { 'content-encoding': 'gzip' };
const MIB = 1_048_576;
const RESULTS_LIMIT_BYTES = 2 * MIB;
/** More than fits into a double, and more digits than it tells apart. */
const EXACT =
  '{"configId":"a","config":{"seed":9007199254740993},"metrics":{"m":0.1000000000000000055}}';

const row = (index: number) =>
  `{"configId":"c${index}","config":{"fast":${index}},"metrics":{"sharpe":${index / 7},"ok":true}}`;
const rows = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => row(from + index));
const lines = (texts: readonly string[]) => texts.map((text) => `${text}\n`).join('');
const post = (texts: readonly string[]) => `{"rows":[${texts.join(',')}]}`;
/** Bytes that gzip cannot make much smaller, as texts. */
const noise = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    createHash('sha512').update(`${index}`).digest('base64'),
  );

describe('result rows over HTTP', () => {
  let gateway: InProcessGateway;
  let edge: TestEdge;
  let task: Task;

  beforeAll(async () => {
    gateway = await startInProcess({ resultsLimitBytes: RESULTS_LIMIT_BYTES });
    edge = await gateway.enrolEdge(['study']);
  });
  afterAll(() => gateway.stop());

  beforeEach(async () => {
    await gateway.asAdmin('POST', '/jobs', { kind: 'study' });
    const next = { token: edge.token, body: {} };
    task = (await gateway.call<Task>('POST', '/internal/edges/tasks/next', next)).body;
  });

  const path = () => `/internal/edges/tasks/${task.taskId}/results`;
  const send = (body: string | Buffer, headers: Record<string, string>) =>
    gateway.call('POST', path(), {
      token: edge.token,
      body,
      headers: { 'foreman-lease': task.leaseToken, ...headers },
    });
  async function exported(): Promise<string[]> {
    const headers = { accept: 'application/x-ndjson' };
    const token = gateway.adminToken;
    const { text } = await gateway.call('GET', `/jobs/${task.jobId}/results`, { token, headers });
    return text.split('\n').filter((line) => line !== '');
  }
  const shown = (texts: readonly string[]) =>
    texts.map((text) => text.replace('{', '{"taskIndex":0,'));

  it.each([
    ['a stream', lines([EXACT]), NDJSON],
    ['a post', post([EXACT]), JSON_TYPE],
    ['a stream with white space', lines([EXACT.replaceAll(':', ' : ')]), NDJSON],
    ['a post over lines', post([EXACT.replaceAll(':', ' :\n ')]), JSON_TYPE],
  ])('keeps every digit of the numbers of %s', async (_what, body, headers) => {
    expect(await send(body, headers)).toMatchObject({ status: 200, body: { stored: 1 } });
    expect(await exported()).toEqual(shown([EXACT]));
  });

  it.each([
    ['a stream', lines(rows(1200)), NDJSON],
    ['a post', post(rows(1200)), JSON_TYPE],
  ])('takes %s as gzip', async (_what, body, headers) => {
    const answer = await send(gzipSync(body), { ...headers, ...GZIP });
    expect(answer).toMatchObject({ status: 200, body: { received: 1200, stored: 1200 } });
    expect(await exported()).toEqual(shown(rows(1200)));
  });

  it.each([
    ['NaN', { path: 'metrics.sharpe', message: 'is NaN, which JSON does not have' }],
    ['-Infinity', { path: 'metrics.sharpe', message: 'is -Infinity, which JSON does not have' }],
  ])('refuses %s by name', async (token, error) => {
    const bad = row(3).replace(/"sharpe":[^,]+/, `"sharpe": ${token}`);
    expect(await send(lines([row(1), row(2), bad, row(4)]), NDJSON)).toMatchObject({
      status: 400,
      body: {
        code: 'request.invalid',
        detail: `Line 3: ${error.path} ${error.message}`,
        line: 3,
        stored: 2,
        errors: [error],
      },
    });
    expect(await send(post([row(5), bad]), JSON_TYPE)).toMatchObject({
      status: 400,
      body: { code: 'request.invalid', errors: [{ ...error, path: `rows.1.${error.path}` }] },
    });
    expect(await exported()).toEqual(shown(rows(2, 1)));
  });

  it.each([
    ['no JSON', '{"rows":['],
    ['no JSON after its rows', `${post([row(1)])}x`],
    ['nothing', ''],
    ['no rows', '{}'],
    ['rows that are no list', '{"rows":{}}'],
    ['a list', '[]'],
    ['null', 'null'],
    ['bytes that are no text', Buffer.from([0x22, 0xff, 0x22])],
    ['a folder that is no text', `{"rows":[${row(1)}],"resultFolder":5}`],
    ['a folder that goes up', `{"rows":[${row(1)}],"resultFolder":"../x"}`],
    ['too deep a nesting', `{"rows":[],"more":${'['.repeat(300)}${']'.repeat(300)}}`],
  ])('refuses a post of %s', async (_what, body) => {
    const answer = await send(body, JSON_TYPE);
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    expect(await exported()).toEqual([]);
  });

  it('takes a post that is written in an unusual way', async () => {
    const unusual = `\ufeff {"more":{"a":[1]},"resultFolder":null,"rows": [ ${row(1)} , {"config":{"\\u0061":1,"a":2},"metrics":{},"configId":"\\u0062"} ] }\r\n`;
    expect(await send(unusual, JSON_TYPE)).toMatchObject({ status: 200, body: { stored: 2 } });
    const second = '{"configId":"b","config":{"a":2},"metrics":{}}';
    expect(await exported()).toEqual(shown([row(1), second]));
  });

  it('keeps what came before broken gzip, and tells the line', async () => {
    const texts = noise(3000).map((id) => row(0).replace('c0', id));
    const whole = gzipSync(lines(texts));
    for (const broken of [whole.subarray(0, 70_000), damaged(whole, 70_000)]) {
      const answer = await send(broken, { ...NDJSON, ...GZIP });
      expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
      const { line, stored } = answer.body as { line: number; stored: number };
      expect(stored).toBeGreaterThan(100);
      expect(line).toBeGreaterThanOrEqual(stored + 1);
      expect((await exported()).length).toBe(stored);
    }
    expect(await send(lines(rows(1)), { ...NDJSON, ...GZIP })).toMatchObject({
      status: 400,
      body: { line: 1 },
    });
    const post400 = await send(whole.subarray(0, 70_000), { ...JSON_TYPE, ...GZIP });
    expect(post400).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
  });

  it('refuses a bomb: a few bytes of gzip that become very many', async () => {
    // Blank lines are no rows: only the guard ends them.
    const bomb = gzipSync(lines(rows(3)) + '\n'.repeat(64 * MIB));
    const stream = await send(bomb, { ...NDJSON, ...GZIP });
    expect(stream).toMatchObject({
      status: 413,
      body: { code: 'request.too_large', stored: 3, limitBytes: expect.any(Number) },
    });
    expect(stream.body['line']).toBeLessThan(stream.body['limitBytes'] as number);
    const json = gzipSync(`{"rows":[],"x":"${' '.repeat(8 * MIB)}"}`);
    expect(await send(json, { ...JSON_TYPE, ...GZIP })).toMatchObject({
      status: 413,
      body: { code: 'request.too_large', limitBytes: RESULTS_LIMIT_BYTES },
    });
    expect((await exported()).length).toBe(3);
  });

  it('takes rows that are much alike', async () => {
    const like = Array.from({ length: 20_000 }, (_, index) => row(0).replace('c0', `c${index}`));
    const answer = await send(gzipSync(lines(like)), { ...NDJSON, ...GZIP });
    expect(answer).toMatchObject({ status: 200, body: { stored: 20_000 } });
  });

  it.each([
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['gzip, gzip', (text: string) => gzipSync(gzipSync(text))],
  ])('refuses Content-Encoding: %s', async (coding, pack) => {
    const header = { 'content-encoding': coding };
    for (const [text, type] of [
      [lines(rows(1)), NDJSON] as const,
      [post(rows(1)), JSON_TYPE] as const,
    ]) {
      expect(await send(pack(text), { ...type, ...header })).toMatchObject({
        status: 415,
        body: { code: 'request.unsupported_type' },
      });
    }
    expect(await exported()).toEqual([]);
  });

  it('refuses a post in another charset', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-16' };
    expect(await send(post(rows(1)), headers)).toMatchObject({ status: 415 });
    const utf8 = { 'content-type': 'application/json; charset="UTF-8"' };
    expect(await send(post(rows(1)), utf8)).toMatchObject({ status: 200 });
  });

  it.each([
    ['as they are', (text: string) => Buffer.from(text), {}],
    ['as gzip', gzipSync, GZIP],
  ])(
    'answers a bad row at the start of many %s, and goes on with the connection',
    async (_how, pack, coding) => {
      const texts = noise(100_000).map((id) => row(0).replace('c0', id));
      const body = pack(lines(['{}', ...texts]));
      const dispatcher = new Agent({ connections: 1, pipelining: 1 });
      const call = (sent: Buffer, headers: Record<string, string>) =>
        request(gateway.baseUrl + path(), {
          dispatcher,
          method: 'POST',
          body: Readable.from([sent]),
          headers: {
            authorization: `Bearer ${edge.token}`,
            'foreman-lease': task.leaseToken,
            ...NDJSON,
            ...headers,
          },
        });
      const refused = await call(body, coding);
      expect(refused.statusCode).toBe(400);
      expect(await refused.body.json()).toMatchObject({ line: 1, stored: 0 });
      const taken = await call(Buffer.from(lines(rows(1))), {});
      expect(taken.statusCode).toBe(200);
      await taken.body.dump();
      await dispatcher.close();
    },
  );
});

function damaged(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.fill(0xff, at, at + 64);
  return copy;
}
