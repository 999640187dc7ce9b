import { sha256Hex } from '@foreman/kernel';
import { openTestEngine, watchUnits, type TestEngine, type TestLease } from '@foreman/testing';
import { ArtifactUploads, type ArtifactUpload } from './artifact-uploads';
import { ArtifactsModule } from './artifacts.module';

const MAX_BYTES = 100_000;
/** More than is written at once. */
const LARGE = 'x'.repeat(40_000);

describe('copies of an upload', () => {
  let engine: TestEngine;
  let lease: TestLease;

  beforeEach(async () => {
    engine = await openTestEngine(
      ArtifactsModule.forRoot({
        publicUrl: 'http://foreman.test',
        maxBytes: MAX_BYTES,
        taskMaxBytes: MAX_BYTES,
      }),
    );
    lease = await engine.lease((await engine.submit()).id);
  });
  afterEach(() => engine.close());

  const put = (idempotencyKey: string | null, text: string, other: Partial<ArtifactUpload> = {}) =>
    engine.get(ArtifactUploads).put({
      ...lease,
      name: 'log.txt',
      contentType: 'text/plain',
      body: whole(text),
      idempotencyKey,
      ...other,
    });

  async function* whole(text: string): AsyncGenerator<Buffer> {
    yield Buffer.from(text);
  }

  const staged = async () =>
    (await engine.reads.query<{ sha256: string }>('SELECT sha256 FROM artifacts')).map(
      ({ sha256 }) => sha256,
    );
  const keys = () => engine.reads.query('SELECT idempotency_key FROM lease_keys');

  it.each(['older', LARGE])(
    'one whose bytes had come when the first was accepted replaces nothing',
    async (older) => {
      const run = engine.unitOfWork.run.bind(engine.unitOfWork);
      let hasCome = false;
      const copy = (async function* () {
        yield Buffer.from(older);
        hasCome = true;
      })();
      engine.unitOfWork.run = async (work, lane) => {
        if (hasCome && lane === undefined) {
          // Another process, say, has accepted the first copy and a newer upload by now.
          hasCome = false;
          await put('older', older);
          await put('newer', 'newer');
        }
        return run(work, lane);
      };
      const { artifact, isNew } = await put('older', older, { body: copy });
      expect([artifact.sha256, isNew]).toEqual([sha256Hex('newer'), false]);
      expect(await staged()).toEqual([sha256Hex('newer')]);
    },
  );

  it('one of an older upload drives no newer one out that flows', async () => {
    await put('older', LARGE);
    let copied: Promise<unknown> = Promise.resolve();
    const newer = (async function* () {
      yield Buffer.from('newer');
      copied = put('older', LARGE);
      await copied;
      yield Buffer.from(' bytes');
    })();
    await expect(put('newer', '', { body: newer })).resolves.toMatchObject({ isNew: true });
    await expect(copied).resolves.toMatchObject({ isNew: false });
    expect(await staged()).toEqual([sha256Hex('newer bytes')]);
  });

  it('one finds room where the newer ones have left none: nothing of it is stored', async () => {
    await put('older', LARGE);
    await put('newer', 'newer');
    await put(null, 'y'.repeat(MAX_BYTES - 5), { name: 'rest.bin' });
    const { artifact } = await put('older', LARGE);
    expect(artifact.sha256).toBe(sha256Hex('newer'));
    await expect(put('other', LARGE)).rejects.toMatchObject({ code: 'artifact.too_large' });
  });

  it('one of what was found damaged since takes its place', async () => {
    await put('k', 'bytes');
    await engine.unitOfWork.run((tx) =>
      tx.execute(`INSERT INTO corrupt_blobs (blob_key, expected_sha256, found_at)
        SELECT blob_key, sha256, 1 FROM artifacts`),
    );
    await expect(put('k', 'bytes')).resolves.toMatchObject({ isNew: true });
    await expect(put('k', 'bytes')).resolves.toMatchObject({ isNew: false });
  });

  it('one that was refused, or broke off, has not used its key up', async () => {
    const sha256 = Buffer.alloc(32);
    await expect(put('k', 'bytes', { digests: { sha256 } })).rejects.toMatchObject({
      code: 'artifact.digest_mismatch',
    });
    const broken = (async function* () {
      yield Buffer.from('by');
      throw new Error('reset');
    })();
    await expect(put('k', '', { body: broken })).rejects.toThrow('reset');
    await expect(put('k', 'x'.repeat(MAX_BYTES + 1))).rejects.toMatchObject({
      code: 'artifact.too_large',
    });
    expect(await keys()).toEqual([]);
    await expect(put('k', 'bytes')).resolves.toMatchObject({ isNew: true });
    expect(await keys()).toHaveLength(1);
  });

  it('one with other bytes is refused, also while the staged ones are damaged', async () => {
    await put('k', 'bytes');
    await engine.unitOfWork.run((tx) =>
      tx.execute(`INSERT INTO corrupt_blobs (blob_key, expected_sha256, found_at)
        SELECT blob_key, sha256, 1 FROM artifacts`),
    );
    await expect(put('k', 'other')).rejects.toMatchObject({ code: 'idempotency.conflict' });
    expect(await staged()).toEqual([sha256Hex('bytes')]);
  });

  it('an upload without a key asks for none', async () => {
    const reads: string[] = [];
    const query = engine.reads.query.bind(engine.reads);
    engine.reads.query = (sql, params) => {
      reads.push(sql);
      return query(sql, params);
    };
    const units = watchUnits(engine.unitOfWork);
    await put(null, 'bytes');
    await put(null, 'other');
    const statements = units.flatMap((unit) => unit.statements.map(({ sql }) => sql));
    const asked = [...reads, ...statements].filter((sql) => sql.includes('lease_keys'));
    expect(asked).toEqual([]);
  });
});
