import type { EdgePrincipal } from '@foreman/edges';
import { ResultIngestion } from '@foreman/results';
import { eventually } from '@foreman/testing';
import { CopiedStream } from './late-stream';
import { LateWriteViews, listStatement } from './late-write-views';
import { LATE_WRITE_LIMIT_BYTES, LateWrites, type LateCall } from './late-writes';
import type { LeasedTask } from '../lease-request';
import { LeasingLab } from '../spec/leasing-lab';

const row = (configId: string, padding = 0) => ({
  configId,
  config: { padding: 'x'.repeat(padding) },
  metrics: { m: 1 },
});
const line = (value: unknown) => `${JSON.stringify(value)}\n`;

/** As a request's body is read: whoever stops reading leaves it open. */
const leftOpen = (body: AsyncGenerator<Buffer>): AsyncIterable<Buffer> => ({
  [Symbol.asyncIterator]: () => ({ next: () => body.next() }),
});

describe('late writes', () => {
  let lab: LeasingLab;
  let edge: EdgePrincipal;
  let jobId: string;
  let leased: LeasedTask;

  beforeEach(async () => {
    lab = await LeasingLab.open();
    edge = lab.edge();
    jobId = (await lab.submit()).id;
    leased = await lab.leaseOne(edge);
  });
  afterEach(() => lab.close());

  const sender = () => ({
    taskId: leased.task.id,
    edgeId: edge.edgeId,
    leaseToken: leased.leaseToken,
  });
  /** Another edge has the task: the lease is over for good. */
  const lose = async () => {
    await lab.release(edge, leased);
    await lab.leaseOne(lab.edge());
  };
  const lateWrites = () => lab.engine.get(LateWrites);
  const views = () => lab.engine.get(LateWriteViews);
  const list = (filter = {}, limit = 50, cursor: string | null = null) =>
    views().list(lab.engine.reads, filter, { limit, cursor });
  const bodies = async () => {
    const { items } = await list();
    const kept = items.map(({ id }) => views().get(lab.engine.reads, id));
    return (await Promise.all(kept)).map(({ call, bodyJson }) => ({
      call,
      body: JSON.parse(bodyJson) as unknown,
    }));
  };

  async function* pieces(...parts: (string | Buffer | (() => Promise<unknown>))[]) {
    for (const part of parts) {
      if (typeof part === 'function') await part();
      else yield Buffer.from(part);
    }
  }
  const stream = async (body: AsyncGenerator<Buffer>) => {
    const copied = new CopiedStream(leftOpen(body), LATE_WRITE_LIMIT_BYTES);
    const posted = lab.engine.get(ResultIngestion).postStream({ ...sender(), body: copied });
    const error = await posted.catch((reason: unknown) => reason);
    return lateWrites().keepRowsIfLost(error, sender(), copied);
  };
  const keep = async (body: unknown, call: LateCall = 'results') => {
    const lost = await lab.complete(edge, leased).catch((error: unknown) => error);
    return lateWrites().keepIfLost(lost, { ...sender(), call, body });
  };
  const keptIs = (kept: boolean) => ({ code: 'lease.lost', details: { kept } });

  describe('of a stream', () => {
    it('are kept as if the rows had come as JSON', async () => {
      await lose();
      const text = line(row('a')) + '\r\n' + line({ ...row('b'), note: 'of a newer agent' });
      const split = text.length - 20;
      const told = await stream(pieces(text.slice(0, split), text.slice(split)));
      expect(told).toMatchObject({
        code: 'lease.lost',
        details: { kept: true, task: { status: 'leased', attempt: 2 } },
      });
      const rows = [row('a'), { ...row('b'), note: 'of a newer agent' }];
      expect(await bodies()).toEqual([{ call: 'results', body: { rows } }]);
      // The same rows by the other way to send them.
      expect(await keep({ rows })).toMatchObject(keptIs(true));
      expect(await bodies()).toHaveLength(1);
    });

    it('are kept whole when the lease is lost in mid-stream', async () => {
      const many = Array.from({ length: 1200 }, (_, index) => row(`c${index}`));
      const [first, rest] = [many.slice(0, 700), many.slice(700)];
      const told = await stream(pieces(first.map(line).join(''), lose, rest.map(line).join('')));
      expect(told).toMatchObject(keptIs(true));
      expect(await bodies()).toEqual([{ call: 'results', body: { rows: many } }]);
    });

    it('are kept when the lease is lost with the last unit', async () => {
      const told = await stream(pieces(line(row('a')), line(row('b')), lose));
      expect(told).toMatchObject(keptIs(true));
      expect(await bodies()).toMatchObject([{ body: { rows: [row('a'), row('b')] } }]);
    });

    it.each([
      ['a line is not JSON', [line(row('a')), '{"configId":\n']],
      ['a line is no row', [line(row('a')), line({ configId: 'b' })]],
      ['it is not text', [line(row('a')), Buffer.from([0x1f, 0x8b, 0x08, 0x00])]],
      ['a name is not text', [Buffer.from(line(row('\u00ff')), 'latin1')]],
      ['it is empty', ['\n']],
    ])('are not kept when %s', async (_what, parts) => {
      await lose();
      expect(await stream(pieces(...parts))).toMatchObject(keptIs(false));
      expect(await bodies()).toEqual([]);
    });

    it('are not kept beyond 1 MiB, and the rest is not waited for', async () => {
      await lose();
      const large = line(row('a', 60_000));
      const never = () => new Promise(() => {});
      const tooMany = Array.from({ length: 18 }, () => large);
      expect(await stream(pieces(...tooMany, never))).toMatchObject(keptIs(false));
      expect(await bodies()).toEqual([]);
      const just = Array.from({ length: 17 }, (_, index) => line(row(`c${index}`, 60_000)));
      expect(await stream(pieces(...just))).toMatchObject(keptIs(true));
    });

    it('are not waited for when they were too large before the lease was lost', async () => {
      const large = Array.from({ length: 18 }, (_, index) => line(row(`c${index}`, 60_000)));
      const never = () => new Promise(() => {});
      const told = await stream(pieces(large.join(''), lose, large.join(''), never));
      expect(told).toMatchObject(keptIs(false));
    });

    it('are not waited for longer than ten seconds', async () => {
      await lose();
      let isWaiting = false;
      const never = () => new Promise(() => void (isWaiting = true));
      const told = stream(pieces(line(row('a')), never));
      await eventually('the wait for more', () => isWaiting);
      lab.clock.advance(10_000);
      expect(await told).toMatchObject(keptIs(false));
    });

    it('are not kept when the sender breaks off', async () => {
      await lose();
      const broken = pieces(line(row('a')), () => Promise.reject(new Error('gone')));
      expect(await stream(broken)).toMatchObject(keptIs(false));
    });

    it('hold one copy in memory, however small the pieces', async () => {
      const body = Buffer.from(line(row('a', 3000)));
      const bytes = Array.from(body, (byte) => Buffer.from([byte]));
      const copied = new CopiedStream(pieces(...bytes), body.length);
      expect((await copied.whole())?.equals(body)).toBe(true);
      expect(await new CopiedStream(pieces(...bytes), body.length - 1).whole()).toBeNull();
    });

    it('are not read on for another refusal', async () => {
      const refused = await stream(pieces(line(row('a')), 'no JSON\n'));
      expect(refused).toMatchObject({ code: 'request.invalid', details: { line: 2, stored: 1 } });
      expect(await bodies()).toEqual([]);
    });
  });

  it('are kept once, whatever the order of their fields', async () => {
    await lose();
    const body = { rows: [row('a')], resultFolder: 'runs/1' };
    expect(await keep(body)).toMatchObject(keptIs(true));
    expect(await keep({ resultFolder: 'runs/1', rows: [row('a')] })).toMatchObject(keptIs(true));
    expect(await list()).toMatchObject({ items: [{}] });
    // Another call with the same body is another write.
    expect(await keep(body, 'fail')).toMatchObject(keptIs(true));
    expect((await list()).items).toHaveLength(2);
  });

  it('are not kept under a lease that the edge never had', async () => {
    await lose();
    leased = { ...leased, leaseToken: 'another' };
    expect(await keep({ n: 1 })).toMatchObject(keptIs(false));
    expect(await bodies()).toEqual([]);
  });

  it('are a repeat when there is no room any more, too', async () => {
    await lose();
    for (let n = 0; n < 19; n += 1) await keep({ n });
    expect(await keep({ n: 19 })).toMatchObject(keptIs(false));
    expect(await keep({ n: 3 })).toMatchObject(keptIs(true));
  });

  it('are listed newest first, by job and by edge, a page at a time', async () => {
    await lose();
    const first = { ...sender(), jobId };
    for (let n = 0; n < 3; n += 1) {
      // Two of them in the same millisecond.
      if (n > 0) lab.clock.advance(n - 1);
      await keep({ n });
    }
    const otherJob = await lab.submit();
    edge = lab.edge();
    leased = await lab.leaseOne(edge);
    await lab.release(edge, leased);
    lab.clock.advance(1000);
    await keep({ other: true }, 'complete');

    const all = (await list()).items;
    expect(all[0]).toEqual({
      id: expect.any(String),
      jobId: otherJob.id,
      taskId: leased.task.id,
      edgeId: edge.edgeId,
      attempt: 1,
      call: 'complete',
      sizeBytes: JSON.stringify({ other: true }).length,
      createdAt: lab.clock.now(),
    });
    const bodyOf = async (id: string) =>
      JSON.parse((await views().get(lab.engine.reads, id)).bodyJson) as unknown;
    expect(await Promise.all(all.map(({ id }) => bodyOf(id)))).toEqual([
      { other: true },
      { n: 2 },
      { n: 1 },
      { n: 0 },
    ]);
    expect((await list({ jobId })).items).toEqual(all.slice(1));
    expect((await list({ edgeId: first.edgeId })).items).toEqual(all.slice(1));
    expect((await list({ jobId, edgeId: edge.edgeId })).items).toEqual([]);

    const paged = [];
    let cursor: string | null = null;
    do {
      const page = await list({ jobId }, 1, cursor);
      paged.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(paged).toEqual(all.slice(1));
    await expect(list({}, 1, 'nonsense')).rejects.toMatchObject({ code: 'request.invalid' });
  });

  it('can be cleared, which makes room', async () => {
    await lose();
    for (let n = 0; n < 19; n += 1) await keep({ n });
    const { items } = await list();
    const [newest] = items;
    if (newest === undefined) throw new Error('Nothing was kept');
    const remove = () => lab.engine.unitOfWork.run((tx) => views().remove(tx, newest.id));
    await remove();
    expect((await list()).items).toEqual(items.slice(1));
    const gone = { code: 'late_write.not_found' };
    await expect(remove()).rejects.toMatchObject(gone);
    await expect(views().get(lab.engine.reads, newest.id)).rejects.toMatchObject(gone);
    expect(await keep({ n: 'after' })).toMatchObject(keptIs(true));
  });

  it.each([
    ['all', {}, /USING INDEX late_writes_newest/],
    ['those of a job', { jobId: 'j' }, /USING INDEX late_writes_of_job/],
  ])('are found by an index: %s', async (_what, filter, index) => {
    for (const cursor of [null, Buffer.from('[1,"x"]').toString('base64url')]) {
      const { sql, params } = listStatement(filter, { limit: 50, cursor });
      const plan = await lab.engine.reads.query<{ detail: string }>(
        `EXPLAIN QUERY PLAN ${sql}`,
        params,
      );
      expect(plan.map(({ detail }) => detail).join('\n')).toMatch(index);
    }
  });
});
