import { text as textOf } from 'node:stream/consumers';
import { openTestEngine, type TestEngine, type TestLease } from '@foreman/testing';
import { MAX_ROW_BYTES } from '../result-row';
import { ResultExports } from '../queries/result-exports';
import { ResultIngestion } from './result-ingestion';
import { ResultsModule } from '../results.module';

interface Row {
  configId: string;
  config: object;
  metrics: object;
}

function row(index: number, metrics: object = { sharpe: index / 7 }): Row {
  return { configId: `c${index}`, config: { fast: index }, metrics };
}

function rows(count: number, from = 0): Row[] {
  return Array.from({ length: count }, (_, index) => row(from + index));
}

describe('ingesting result rows', () => {
  let engine: TestEngine;
  let ingestion: ResultIngestion;
  let lease: TestLease;

  beforeEach(async () => {
    engine = await openTestEngine(ResultsModule.forRoot());
    ingestion = engine.get(ResultIngestion);
    lease = await engine.lease((await engine.submit()).id);
  });

  afterEach(() => engine.close());

  const post = (posted: unknown[], resultFolder?: string) =>
    ingestion.postRows({
      ...lease,
      rows: posted,
      ...(resultFolder !== undefined && { resultFolder }),
    });

  const stream = (text: string, pieceBytes = 1000) =>
    ingestion.postStream({ ...lease, body: pieces(Buffer.from(text), pieceBytes) });

  async function resultCount(): Promise<number | undefined> {
    const [task] = await engine.reads.query<{ result_count: number }>(
      'SELECT result_count FROM tasks',
    );
    return task?.result_count;
  }

  async function stored(): Promise<{ count: number | undefined; all: unknown[] }> {
    const lines = (await textOf(await engine.get(ResultExports).ndjson(lease.jobId))).split('\n');
    const all = lines.slice(0, -1).map((line) => JSON.parse(line) as unknown);
    return { count: await resultCount(), all };
  }

  const shown = (posted: Row[]) => posted.map((each) => ({ taskIndex: 0, ...each }));

  /** The lane of each unit of work from now on. */
  function watchLanes(): string[] {
    const lanes: string[] = [];
    const run = engine.unitOfWork.run.bind(engine.unitOfWork);
    engine.unitOfWork.run = (work, lane) => {
      lanes.push(lane ?? 'control');
      return run(work, lane);
    };
    return lanes;
  }

  it.each([1, 49, 50, 51, 500, 501, 5000])('stores %d posted rows as they came', async (count) => {
    const posted = rows(count);
    expect(await post(posted)).toEqual({ received: count, stored: count });
    expect(await stored()).toEqual({ count, all: shown(posted) });
  });

  it('writes bulk units of at most 500 rows', async () => {
    const lanes = watchLanes();
    await post(rows(1001));
    expect(lanes).toEqual(['rows', 'rows', 'rows']);
  });

  it('replaces a row by its configId, and counts it once', async () => {
    await post(rows(120));
    const changed = row(7, { sharpe: 99 });
    expect(await post([...rows(60, 60), changed])).toEqual({ received: 61, stored: 120 });
    const { count, all } = await stored();
    expect(count).toBe(120);
    expect(all[7]).toEqual({ taskIndex: 0, ...changed });
  });

  it('takes the last of two rows with one configId', async () => {
    expect(await post([row(1, { a: 1 }), row(1, { a: 2 })])).toEqual({ received: 2, stored: 1 });
    expect((await stored()).all).toEqual(shown([row(1, { a: 2 })]));
  });

  it.each<[string, unknown, string]>([
    ['no object', 'x', 'rows.1'],
    ['null', null, 'rows.1'],
    ['a list', [], 'rows.1'],
    ['no configId', { config: {}, metrics: {} }, 'rows.1.configId'],
    ['an empty configId', { ...row(1), configId: '' }, 'rows.1.configId'],
    ['a long configId', { ...row(1), configId: 'x'.repeat(201) }, 'rows.1.configId'],
    ['a number as configId', { ...row(1), configId: 5 }, 'rows.1.configId'],
    ['half a surrogate pair', { ...row(1), configId: '\udc00' }, 'rows.1.configId'],
    ['no config', { configId: 'x', metrics: {} }, 'rows.1.config'],
    ['a list as config', { ...row(1), config: [] }, 'rows.1.config'],
    ['an infinite number in config', { ...row(1), config: { a: [Infinity] } }, 'rows.1.config'],
    ['a bottomless config', { ...row(1), config: nested(101) }, 'rows.1.config'],
    ['no metrics', { configId: 'x', config: {} }, 'rows.1.metrics'],
    ['NaN', row(1, { a: NaN }), 'rows.1.metrics.a'],
    ['an infinity', row(1, { a: -Infinity }), 'rows.1.metrics.a'],
    ['a text metric', row(1, { a: '1' }), 'rows.1.metrics.a'],
    ['a nested metric', row(1, { a: {} }), 'rows.1.metrics.a'],
    ['too large a row', { ...row(1), config: { a: 'x'.repeat(MAX_ROW_BYTES) } }, 'rows.1'],
  ])('refuses a post with %s, and changes nothing', async (_what, bad, path) => {
    await expect(post([...rows(1), bad, ...rows(600, 2)])).rejects.toMatchObject({
      code: 'request.invalid',
      details: { errors: [{ path }] },
    });
    expect(await stored()).toEqual({ count: 0, all: [] });
  });

  it.each([
    ['a configId of 200', { ...row(1), configId: 'x'.repeat(200) }],
    ['every kind of metric', row(1, { n: -0.5, t: true, f: false, none: null, e: 1e300 })],
    ['no metrics at all', row(1, {})],
    ['names that are data', row(1, { 'a.b "c" é\n': 1, __proto__x: 2 })],
    ['a config nested 100 deep', { ...row(1), config: nested(100) }],
    ['a row of 64 KiB to the byte', rowOfBytes(MAX_ROW_BYTES)],
  ])('takes %s', async (_what, good) => {
    await expect(post([good])).resolves.toEqual({ received: 1, stored: 1 });
    expect((await stored()).all).toEqual(shown([good]));
    await expect(stream(`${JSON.stringify(good)}\r\n`)).resolves.toEqual({
      received: 1,
      stored: 1,
    });
  });

  it('refuses a row of one byte more, in either form', async () => {
    const bad = rowOfBytes(MAX_ROW_BYTES + 1);
    await expect(post([bad])).rejects.toMatchObject({ code: 'request.invalid' });
    await expect(stream(JSON.stringify(bad))).rejects.toMatchObject({
      code: 'request.invalid',
      details: { line: 1, stored: 0 },
    });
  });

  it.each([[[]], [rows(5001)]])('refuses a post of too few or too many rows', async (posted) => {
    await expect(post(posted)).rejects.toMatchObject({ code: 'request.invalid' });
  });

  it('ignores fields that it does not know', async () => {
    await post([{ ...row(1), more: 1 }]);
    expect((await stored()).all).toEqual(shown([row(1)]));
  });

  it.each(['out', 'runs/2026/a b', './x', 'a..b', '...', 'läufe', 'x'.repeat(500)])(
    'keeps the result folder %j',
    async (folder) => {
      await post(rows(1), folder);
      const [task] = await engine.reads.query<{ result_folder: string }>(
        'SELECT result_folder FROM tasks',
      );
      expect(task?.result_folder).toBe(folder);
    },
  );

  it.each([
    '',
    '/abs',
    '../up',
    'a/../b',
    'a/..',
    's3://b/x',
    'file:x',
    'C:/x',
    'a\\b',
    'a\nb',
    'a\u0000b',
    'a\u0085b',
    '//host/x',
    '\\\\host\\x',
    './..',
    'javascript:x',
    'half \ud800',
    'x'.repeat(501),
  ])('refuses the result folder %j', async (folder) => {
    await expect(post(rows(1), folder)).rejects.toMatchObject({ code: 'request.invalid' });
    expect((await stored()).count).toBe(0);
  });

  it('changes nothing under a lease that is over', async () => {
    const stale = lease;
    lease = await engine.lease(lease.jobId);
    const refusal = { code: 'lease.lost', details: { task: { attempt: 2, status: 'leased' } } };
    await expect(ingestion.postRows({ ...stale, rows: rows(1) })).rejects.toMatchObject(refusal);
    let isRead = false;
    const body = (async function* () {
      isRead = true;
      yield Buffer.from('');
    })();
    await expect(ingestion.postStream({ ...stale, body })).rejects.toMatchObject(refusal);
    expect([isRead, (await stored()).count]).toEqual([false, 0]);
  });

  it.each([1, 7, 1000, 100_000])('streams rows that come in pieces of %d bytes', async (bytes) => {
    const sent = rows(bytes === 1 ? 60 : 1234);
    const text = sent.map((each) => JSON.stringify(each)).join('\n');
    expect(await stream(text, bytes)).toEqual({ received: sent.length, stored: sent.length });
    expect(await stored()).toEqual({ count: sent.length, all: shown(sent) });
  });

  it('leaves blank lines out, but counts them', async () => {
    const text = `\n${JSON.stringify(row(1))}\r\n  \n\n${JSON.stringify(row(2))}\n`;
    expect(await stream(text)).toEqual({ received: 2, stored: 2 });
    await expect(stream(`\n\n{`)).rejects.toMatchObject({ details: { line: 3, stored: 2 } });
  });

  it('answers a stream of nothing', async () => {
    await post(rows(3));
    expect(await stream('')).toEqual({ received: 0, stored: 3 });
  });

  it.each([
    ['is not JSON', Buffer.from('{"configId": NaN}')],
    ['is no row', Buffer.from('{"configId":"x","config":{},"metrics":{"a":1e400}}')],
    ['is not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['is too long', Buffer.from(`"${'x'.repeat(MAX_ROW_BYTES + 10)}"`)],
  ])('stops at a line that %s; what came before it stays', async (_what, bad) => {
    const before = rows(777);
    const after = JSON.stringify(row(9999));
    const text = `${before.map((each) => JSON.stringify(each)).join('\n')}\n`;
    const body = pieces(Buffer.concat([Buffer.from(text), bad, Buffer.from(`\n${after}`)]), 5000);
    await expect(ingestion.postStream({ ...lease, body })).rejects.toMatchObject({
      code: 'request.invalid',
      details: { line: 778, stored: 777, errors: [expect.anything()] },
    });
    expect(await stored()).toEqual({ count: 777, all: shown(before) });
  });

  it('extends the lease and shows its rows while a slow body flows', async () => {
    const body = (async function* () {
      for (let piece = 0; piece < 40; piece += 1) {
        engine.clock.advance(3000);
        yield Buffer.from(`${JSON.stringify(row(piece))}\n`);
        const [task] = await engine.reads.query<{ lease_expires_at: number; result_count: number }>(
          'SELECT lease_expires_at, result_count FROM tasks',
        );
        expect(task?.lease_expires_at).toBeGreaterThan(engine.clock.now() + 50_000);
        expect(task?.result_count).toBeGreaterThanOrEqual(piece - 1);
      }
    })();
    await expect(ingestion.postStream({ ...lease, body })).resolves.toMatchObject({ stored: 40 });
  });
});

function nested(depth: number): object {
  let value = {};
  for (let level = 1; level < depth; level += 1) value = { a: value };
  return value;
}

/** A row whose compact JSON has this many bytes. */
function rowOfBytes(bytes: number): Row {
  const empty = { configId: 'big', config: { a: '' }, metrics: { m: 1 } };
  const filler = 'x'.repeat(bytes - JSON.stringify(empty).length);
  return { ...empty, config: { a: filler } };
}

async function* pieces(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += length) {
    yield bytes.subarray(start, start + length);
  }
}
