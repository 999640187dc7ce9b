import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { InputLab } from '../spec/input-lab';
import { ArtifactStats } from '../stats/artifact-stats';

const SMALL = Buffer.from('time,close\n');
/** In several chunks. */
const LARGE = randomBytes(600_000);
const BUSY = { code: 'server.busy', details: { retryAfterSeconds: 1 } };

/** Those that were found: input-healing.spec.ts. */
describe('damaged bytes of an input that nothing has found', () => {
  let lab: InputLab;

  beforeEach(async () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    lab = await InputLab.open();
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await lab.close();
  });

  /** An input, and the lease of a task that reads it. */
  const input = async (bytes: Buffer) => {
    const { id } = await lab.stored(bytes);
    const job = await lab.engine.submit({ inputs: [{ name: 'it', inputId: id }] });
    const lease = await lab.engine.lease(job.id);
    return { id, reads: async () => bytes.equals(await lab.fetched(lease, 'it')) };
  };
  const marked = async () => (await lab.engine.get(ArtifactStats).stored()).corrupt;

  describe.each([
    ['small', SMALL],
    ['large', LARGE],
  ])('%s ones', (_size, bytes) => {
    it('are marked by the same bytes again, and replaced by the next', async () => {
      const { id, reads } = await input(bytes);
      await lab.flip();
      await expect(lab.put(id, 'other bytes')).rejects.toMatchObject({ code: 'input.conflict' });
      expect(await marked()).toBe(0);
      await expect(lab.put(id, bytes)).rejects.toMatchObject(BUSY);
      expect(await marked()).toBe(1);
      expect(await lab.put(id, bytes)).toMatchObject({ isNew: true, input: { id } });
      expect([await reads(), await marked()]).toEqual([true, 0]);
      expect(await lab.put(id, bytes)).toMatchObject({ isNew: false });
    });

    it('are so by the same bytes of another input', async () => {
      const { reads } = await input(bytes);
      await lab.flip();
      const other = await lab.create();
      await expect(lab.put(other.id, bytes)).rejects.toMatchObject(BUSY);
      expect(await marked()).toBe(1);
      expect(await lab.put(other.id, bytes)).toMatchObject({ isNew: true });
      expect([await reads(), await marked()]).toEqual([true, 0]);
      const rows = await lab.engine.reads.query('SELECT refs FROM input_blobs');
      expect(rows).toEqual([{ refs: 2 }]);
    });
  });

  it('are marked by the same bytes again where some are missing', async () => {
    const { id, reads } = await input(LARGE);
    await lab.engine.unitOfWork.run((tx) =>
      tx.execute('DELETE FROM blob_chunks WHERE start_byte = 524288'),
    );
    await expect(lab.put(id, LARGE)).rejects.toMatchObject(BUSY);
    expect(await lab.put(id, LARGE)).toMatchObject({ isNew: true });
    expect(await reads()).toBe(true);
  });

  it('are neither marked nor called sound while the store cannot be read', async () => {
    const { id } = await input(LARGE);
    const query = lab.engine.reads.query.bind(lab.engine.reads);
    lab.engine.reads.query = async <Row>(sql: string, params?: Parameters<typeof query>[1]) => {
      if (sql.includes('FROM blob_chunks')) throw new Error('disk I/O error');
      return query<Row>(sql, params);
    };
    await expect(lab.put(id, LARGE)).rejects.toThrow('disk I/O error');
    lab.engine.reads.query = query;
    expect(await marked()).toBe(0);
    expect(await lab.put(id, LARGE)).toMatchObject({ isNew: false });
  });

  it('are asked for again where they were marked while they flowed, though they read right now', async () => {
    const { id, reads } = await input(SMALL);
    const mark = () =>
      lab.engine.unitOfWork.run((tx) =>
        tx.execute(`INSERT INTO corrupt_blobs (blob_key, expected_sha256, found_at)
                    SELECT blob_key, sha256, 1 FROM input_blobs`),
      );
    const body = (async function* () {
      yield SMALL.subarray(0, -1);
      await mark();
      yield SMALL.subarray(-1);
    })();
    await expect(lab.inputs.put({ inputId: id, body })).rejects.toMatchObject(BUSY);
    expect(await lab.put(id, SMALL)).toMatchObject({ isNew: true });
    expect([await reads(), await marked()]).toEqual([true, 0]);
  });
});
