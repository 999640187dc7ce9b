import { randomBytes } from 'node:crypto';
import { openTestEngine, type TestEngine, type TestLease } from '@foreman/testing';
import { ArtifactUploads } from '../artifact-uploads';
import { ArtifactsModule } from '../artifacts.module';
import { Inputs } from '../inputs/inputs';
import { UploadsUnderWay } from './uploads-under-way';

const LIMIT = 3;
/** More than is written at once. */
const LARGE = randomBytes(40_000);
const TOO_MANY = {
  code: 'rate.limited',
  message: expect.stringContaining('FOREMAN_UPLOADS_PER_LEASE'),
  details: { limitCount: LIMIT, retryAfterSeconds: 1 },
};
const DISPLACED = { code: 'server.busy', details: { retryAfterSeconds: 10 } };

describe('uploads that are under way', () => {
  let engine: TestEngine;
  let lease: TestLease;
  let underWay: UploadsUnderWay;

  beforeEach(async () => {
    engine = await openTestEngine(
      ArtifactsModule.forRoot({ publicUrl: 'http://foreman.test', uploadsPerLease: LIMIT }),
    );
    underWay = engine.get(UploadsUnderWay);
    lease = await engine.lease((await engine.submit()).id);
  });
  afterEach(() => engine.close());

  /** A body that sends a piece, and no more until it is told to; as a connection that may be dead. */
  function slowBody() {
    let go: () => void = () => undefined;
    let flows: () => void = () => undefined;
    const told = new Promise<void>((resolve) => {
      go = resolve;
    });
    const begun = new Promise<void>((resolve) => {
      flows = resolve;
    });
    async function* pieces() {
      yield LARGE;
      flows();
      await told;
      yield LARGE;
    }
    return { pieces: pieces(), begun, go };
  }

  const put = (name: string, body: AsyncIterable<Buffer>, of = lease) =>
    engine.get(ArtifactUploads).put({ ...of, name, contentType: 'text/plain', body });

  async function* whole(bytes = LARGE) {
    yield bytes;
  }

  /** An upload that flows. */
  async function begin(name: string, of = lease) {
    const body = slowBody();
    const uploading = put(name, body.pieces, of);
    uploading.catch(() => undefined);
    await body.begun;
    return { uploading, go: body.go };
  }

  it('are so many of a lease at the most, and of another one as many', async () => {
    const all = [await begin('a'), await begin('b'), await begin('c')];
    const fourth = whole();
    await expect(put('d', fourth)).rejects.toMatchObject(TOO_MANY);
    // Not a byte of it was read.
    expect(await fourth.next()).toMatchObject({ done: false });
    const other = await engine.lease((await engine.submit()).id);
    await expect(put('d', whole(), other)).resolves.toMatchObject({ isNew: true });
    all[0]?.go();
    await all[0]?.uploading;
    await expect(put('d', whole())).resolves.toMatchObject({ isNew: true });
    for (const { go, uploading } of all) {
      go();
      await expect(uploading).resolves.toMatchObject({ isNew: true });
    }
    expect(underWay.count).toBe(0);
  });

  it('give way to a newer one of their name, though they wait for bytes that never come', async () => {
    const older = await begin('a');
    await begin('b');
    await begin('c');
    await expect(put('a', whole())).resolves.toMatchObject({ artifact: { size: LARGE.length } });
    await expect(older.uploading).rejects.toMatchObject(DISPLACED);
    expect(underWay.count).toBe(2);
    expect(await stored()).toEqual([{ name: 'a', size: LARGE.length }]);
  });

  it('give way once: the newest is the one that counts', async () => {
    const olders = [await begin('a'), await begin('a'), await begin('a')];
    const newest = await begin('a');
    for (const { uploading } of olders) await expect(uploading).rejects.toMatchObject(DISPLACED);
    expect(underWay.count).toBe(1);
    newest.go();
    await expect(newest.uploading).resolves.toMatchObject({ isNew: true });
    expect(underWay.count).toBe(0);
  });

  it('give their place to another name once nothing has come for 30 s', async () => {
    const all = [await begin('a'), await begin('b'), await begin('c')];
    engine.clock.advance(29_999);
    await expect(put('d', whole())).rejects.toMatchObject(TOO_MANY);
    engine.clock.advance(1);
    await expect(put('d', whole())).resolves.toMatchObject({ isNew: true });
    await expect(all[0]?.uploading).rejects.toMatchObject(DISPLACED);
    all[1]?.go();
    await expect(all[1]?.uploading).resolves.toMatchObject({ isNew: true });
  });

  it('do not give way to a lease that is over', async () => {
    const older = await begin('a');
    const stranger = { ...lease, leaseToken: engine.ids.uuid() };
    await expect(put('a', whole(), stranger)).rejects.toMatchObject({ code: 'lease.lost' });
    older.go();
    await expect(older.uploading).resolves.toMatchObject({ isNew: true });
  });

  it('are forgotten when they fail', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield LARGE;
      throw new Error('cut off');
    }
    for (let again = 0; again < 3 * LIMIT; again += 1) {
      await expect(put(`a${again}`, broken())).rejects.toThrow('cut off');
    }
    expect(underWay.count).toBe(0);
  });

  it('leave the count of their successors alone when they settle late', async () => {
    // One that gives way, but settles only when it is told to.
    let settle: () => void = () => undefined;
    const place = { ...lease, taskIndex: 0, name: 'a' };
    const late = underWay.ofLease(
      place,
      whole(),
      () => new Promise<void>((done) => (settle = done)),
    );
    await put('a', whole());
    expect(underWay.count).toBe(0);
    const successors = [await begin('c1'), await begin('c2')];
    settle();
    await late;
    expect(underWay.count).toBe(2);
    for (const { go, uploading } of successors) {
      go();
      await uploading;
    }
    expect(underWay.count).toBe(0);
  });

  it('of an input are eight; one more takes the place of a silent one, if there is one', async () => {
    const inputs = engine.get(Inputs);
    const { id } = await engine.unitOfWork.run((tx) =>
      inputs.create(tx, { contentType: 'text/plain' }),
    );
    const all: { uploading: Promise<{ isNew: boolean }>; go: () => void }[] = [];
    const send = async () => {
      const body = slowBody();
      const uploading = inputs.put({ inputId: id, body: body.pieces });
      uploading.catch(() => undefined);
      await body.begun;
      all.push({ uploading, go: body.go });
    };
    for (let number = 0; number < 8; number += 1) await send();
    await expect(inputs.put({ inputId: id, body: whole() })).rejects.toMatchObject({
      code: 'rate.limited',
      details: { limitCount: 8, retryAfterSeconds: 1 },
    });
    engine.clock.advance(30_000);
    await send();
    const [oldest, ...others] = all;
    await expect(oldest?.uploading).rejects.toMatchObject(DISPLACED);
    expect(underWay.count).toBe(8);
    for (const { go } of others) go();
    const isNew = await Promise.all(others.map(async ({ uploading }) => (await uploading).isNew));
    expect(isNew.filter(Boolean)).toHaveLength(1);
    expect(underWay.count).toBe(0);
  });

  const stored = () => engine.reads.query('SELECT name, size FROM artifacts ORDER BY name');
});
