import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { sha256Hex } from '@foreman/kernel';
import { openTestEngine, type TestEngine, type TestLease } from '@foreman/testing';
import { ArtifactReads } from './artifact-reads';
import { ArtifactUploads, type ArtifactUpload } from './artifact-uploads';
import { ArtifactsModule } from './artifacts.module';
import { BlobSweep } from './blob-sweep';
import { CHUNK_BYTES } from './database-blob-store';

const MAX_BYTES = 1_000_000;

describe('uploading an artifact', () => {
  let engine: TestEngine;
  let uploads: ArtifactUploads;
  let lease: TestLease;

  beforeEach(async () => {
    engine = await openTestEngine(
      ArtifactsModule.forRoot({ publicUrl: 'http://foreman.test', maxBytes: MAX_BYTES }),
    );
    uploads = engine.get(ArtifactUploads);
    lease = await engine.lease((await engine.submit()).id);
  });

  afterEach(() => engine.close());

  function put(bytes: Buffer, other: Partial<ArtifactUpload> = {}) {
    return uploads.put({
      ...lease,
      name: 'trades.csv',
      contentType: 'text/csv',
      body: pieces(bytes, 10_000),
      ...other,
    });
  }

  const count = async (sql: string) => Number((await engine.reads.query<{ n: number }>(sql))[0]?.n);
  const blobs = () => count('SELECT count(*) AS n FROM blobs');
  const chunks = () => count('SELECT count(*) AS n FROM blob_chunks');

  it.each([
    0,
    1,
    16_384,
    16_385,
    CHUNK_BYTES - 1,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    2 * CHUNK_BYTES,
    MAX_BYTES,
  ])('stores %d bytes as they came, in chunks', async (size) => {
    const bytes = randomBytes(size);
    const { artifact, isNew } = await put(bytes);
    expect(isNew).toBe(true);
    expect(artifact).toMatchObject({ name: 'trades.csv', size, sha256: sha256Hex(bytes) });
    expect(bytes.equals(await buffer(engine.get(ArtifactReads).open(artifact)))).toBe(true);
    expect(await chunks()).toBe(Math.ceil(size / CHUNK_BYTES));
  });

  it('takes a small one with two commits: the lease held, the rest', async () => {
    const { driver } = engine.database;
    const exec = driver.exec.bind(driver);
    let commits = 0;
    driver.exec = (sql) => {
      if (sql === 'COMMIT') commits += 1;
      return exec(sql);
    };
    await put(randomBytes(4096));
    expect(commits).toBe(2);
    await put(randomBytes(20_000));
    expect(commits).toBe(2 + 4);
  });

  it('refuses one byte too many, and leaves nothing', async () => {
    await expect(put(randomBytes(MAX_BYTES + 1))).rejects.toMatchObject({
      code: 'artifact.too_large',
      message: expect.stringContaining('FOREMAN_ARTIFACT_MAX_BYTES'),
      details: { limitBytes: MAX_BYTES },
    });
    await engine.get(BlobSweep).runOnce();
    expect([await blobs(), await chunks()]).toEqual([0, 0]);
  });

  it('answers the staged one for the same bytes, and stores them once', async () => {
    const bytes = randomBytes(1000);
    const first = await put(bytes);
    const second = await put(bytes);
    expect(second).toEqual({ artifact: first.artifact, isNew: false });
    await engine.get(BlobSweep).runOnce();
    expect(await blobs()).toBe(1);
  });

  it('replaces other bytes, and lets the older ones go', async () => {
    await put(Buffer.from('old'));
    const { artifact, isNew } = await put(Buffer.from('new'));
    expect(isNew).toBe(true);
    await engine.get(BlobSweep).runOnce();
    expect(await blobs()).toBe(1);
    expect(String(await buffer(engine.get(ArtifactReads).open(artifact)))).toBe('new');
  });

  it('takes bytes that have their announced digests', async () => {
    const bytes = randomBytes(5000);
    const digests = { sha256: digest('sha256', bytes), sha512: digest('sha512', bytes) };
    await expect(put(bytes, { digests })).resolves.toMatchObject({ isNew: true });
  });

  it.each(['sha256', 'sha512'] as const)('refuses bytes with another %s', async (algorithm) => {
    const digests = { [algorithm]: digest(algorithm, Buffer.from('something else')) };
    await expect(put(randomBytes(5000), { digests })).rejects.toMatchObject({
      code: 'artifact.digest_mismatch',
    });
    await engine.get(BlobSweep).runOnce();
    expect(await blobs()).toBe(0);
  });

  it.each([
    '',
    '.hidden',
    '../up',
    'a/b',
    '0.completion',
    '17.x',
    'a'.repeat(121),
    'é',
    'a b',
    'a\n',
  ])('refuses the name %j', async (name) => {
    await expect(put(Buffer.from('x'), { name })).rejects.toMatchObject({
      code: 'request.invalid',
    });
  });

  it.each(['a', '_', '-x', 'A'.repeat(120), '0', '10', '1a.b', 'a..b'])(
    'takes the name %j',
    async (name) => {
      await expect(put(Buffer.from('x'), { name })).resolves.toMatchObject({ isNew: true });
    },
  );

  it.each(['', 'text', 'text/', 'text/html\r\nX-Evil: 1', 'text/plain; a', `a/${'b'.repeat(200)}`])(
    'refuses the type %j',
    async (contentType) => {
      await expect(put(Buffer.from('x'), { contentType })).rejects.toMatchObject({
        code: 'request.invalid',
      });
    },
  );

  it('reads no byte under a lease that is over', async () => {
    const stale = lease;
    await engine.lease(lease.jobId);
    let read = 0;
    async function* body() {
      read += 1;
      yield Buffer.from('x');
    }
    await expect(put(Buffer.alloc(0), { ...stale, body: body() })).rejects.toMatchObject({
      code: 'lease.lost',
    });
    expect([read, await blobs()]).toEqual([0, 0]);
  });

  it('stages nothing when the lease is lost while the body flows', async () => {
    async function* body() {
      yield Buffer.from('first');
      await engine.lease(lease.jobId);
      yield Buffer.from('last');
    }
    await expect(put(Buffer.alloc(0), { body: body() })).rejects.toMatchObject({
      code: 'lease.lost',
    });
    expect(await count('SELECT count(*) AS n FROM artifacts')).toBe(0);
    await engine.get(BlobSweep).runOnce();
    expect(await blobs()).toBe(0);
  });

  it('extends the lease while the body flows, but not with every piece', async () => {
    const expiries = new Set<unknown>();
    async function* body() {
      for (let piece = 0; piece < 60; piece += 1) {
        engine.clock.advance(1000);
        yield Buffer.from('x');
        const [row] = await engine.reads.query<{ lease_expires_at: number }>(
          'SELECT lease_expires_at FROM tasks',
        );
        expect(row?.lease_expires_at).toBeGreaterThan(engine.clock.now() + 50_000);
        expiries.add(row?.lease_expires_at);
      }
    }
    await put(Buffer.alloc(0), { body: body() });
    expect(expiries.size).toBe(13);
  });

  it('starts the attempt with the first artifact, not with a refused one', async () => {
    const isStarted = () => count('SELECT is_started AS n FROM tasks');
    await expect(put(randomBytes(MAX_BYTES + 1))).rejects.toThrow('at most');
    expect(await isStarted()).toBe(0);
    await put(Buffer.from('x'));
    expect(await isStarted()).toBe(1);
  });

  it('leaves an upload that died to the sweep, once it has stood still for long', async () => {
    let reach: () => void = () => undefined;
    const isUnderWay = new Promise<void>((resolve) => (reach = resolve));
    let end: (error: Error) => void = () => undefined;
    const stop = new Promise<never>((_, reject) => (end = reject));
    async function* body() {
      yield randomBytes(CHUNK_BYTES);
      reach();
      await stop;
    }
    const upload = put(Buffer.alloc(0), { body: body() });
    await isUnderWay;
    await engine.get(BlobSweep).runOnce();
    expect([await blobs(), await chunks()]).toEqual([1, 1]);
    engine.clock.advance(3_600_001);
    const counts = await engine.get(BlobSweep).runOnce();
    expect(counts).toMatchObject({ abandoned: 1, blobs: 1 });
    expect([await blobs(), await chunks()]).toEqual([0, 0]);
    end(new Error('connection reset'));
    await expect(upload).rejects.toThrow('connection reset');
  });
});

function digest(algorithm: string, bytes: Buffer): Buffer {
  return createHash(algorithm).update(bytes).digest();
}

async function* pieces(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += length) {
    yield bytes.subarray(start, start + length);
  }
}
