import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { Logger } from '@nestjs/common';
import { eventually } from '@foreman/testing';
import { BlobRegistry } from '../blob-registry';
import { ArtifactScrub } from '../scrub/artifact-scrub';
import { InputLab } from '../spec/input-lab';
import { ArtifactStats } from '../stats/artifact-stats';

const SMALL = Buffer.from('time,close\n');
/** In several chunks. */
const LARGE = randomBytes(600_000);

describe('damaged bytes of inputs', () => {
  let lab: InputLab;
  let logged: jest.SpyInstance;

  beforeEach(async () => {
    logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    lab = await InputLab.open();
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await lab.close();
  });

  const flip = () => lab.flip();
  const scrub = async () => {
    await lab.engine.get(ArtifactScrub).begin();
    return lab.engine.get(ArtifactScrub).runOnce();
  };
  const damage = async () => {
    await flip();
    expect(await scrub()).toMatchObject({ corrupt: 1 });
  };
  const report = async () => ({
    items: (await lab.engine.get(ArtifactScrub).state()).corruptBlobs.length,
    count: (await lab.engine.get(ArtifactStats).stored()).corrupt,
  });
  const NOTHING = { items: 0, count: 0 };
  const leased = async (...inputIds: string[]) => {
    const inputs = inputIds.map((inputId, index) => ({ name: `n${index}`, inputId }));
    const { id } = await lab.engine.submit({ inputs });
    return { jobId: id, lease: await lab.engine.lease(id) };
  };
  const refs = async () =>
    (await lab.engine.reads.query<{ refs: number }>('SELECT refs FROM input_blobs')).map((row) =>
      Number(row.refs),
    );

  describe.each([
    ['small', SMALL],
    ['large', LARGE],
  ])('%s ones', (_size, bytes) => {
    it('are replaced by the same bytes of another input, for all that have them', async () => {
      const [one, other] = [await lab.stored(bytes), await lab.stored(bytes)];
      const { jobId, lease } = await leased(one.id, other.id);
      await lab.sweep();
      await damage();
      await expect(lab.fetched(lease, 'n0')).rejects.toMatchObject({ code: 'artifact.corrupt' });
      const third = await lab.stored(bytes);
      expect(await report()).toEqual(NOTHING);
      const next = await leased(third.id);
      for (const [holder, name] of [
        [lease, 'n0'],
        [lease, 'n1'],
        [next.lease, 'n0'],
      ] as const) {
        expect(bytes.equals(await lab.fetched(holder, name))).toBe(true);
      }
      expect(await lab.sweep()).toMatchObject({ blobs: 1 });
      expect([await lab.count('blobs'), await lab.count('corrupt_blobs')]).toEqual([1, 0]);
      expect(await scrub()).toMatchObject({ blobs: 1, corrupt: 0 });
      expect(await refs()).toEqual([3]);

      for (const { id } of [one, other, third]) await lab.remove(id);
      await lab.letGo(jobId);
      await lab.sweep();
      expect(bytes.equals(await lab.fetched(next.lease, 'n0'))).toBe(true);
      await lab.letGo(next.jobId);
      await lab.sweep();
      expect([await lab.count('blobs'), await lab.count('input_blobs')]).toEqual([0, 0]);
      expect(await lab.count('blob_chunks')).toBe(0);
    });

    it('are replaced by an upload to the same input', async () => {
      const { id, storedAt } = await lab.stored(bytes);
      const { lease } = await leased(id);
      await damage();
      await expect(lab.put(id, 'other bytes')).rejects.toMatchObject({ code: 'input.conflict' });
      expect(await lab.put(id, bytes)).toMatchObject({ isNew: true, input: { id, storedAt } });
      expect(await lab.put(id, bytes)).toMatchObject({ isNew: false });
      expect(bytes.equals(await lab.fetched(lease, 'n0'))).toBe(true);
      expect(await report()).toEqual(NOTHING);
      await lab.sweep();
      expect([await lab.count('blobs'), await refs()]).toEqual([1, [1]]);
    });

    it('are replaced once by several uploads at the same moment', async () => {
      const { id } = await lab.stored(bytes);
      const { lease } = await leased(id);
      await damage();
      const ends = await Promise.all([lab.put(id, bytes), lab.stored(bytes), lab.stored(bytes)]);
      expect(ends).toHaveLength(3);
      expect(bytes.equals(await lab.fetched(lease, 'n0'))).toBe(true);
      expect(await refs()).toEqual([3]);
      await lab.sweep();
      expect([await lab.count('blobs'), await lab.count('corrupt_blobs')]).toEqual([1, 0]);
      expect(await scrub()).toMatchObject({ blobs: 1, corrupt: 0 });
    });

    it('stay as they are when their replacement is not recorded', async () => {
      const { id } = await lab.stored(bytes);
      const { lease } = await leased(id);
      await damage();
      const dead = async () => Promise.reject(new Error('the process was ended'));
      const registry = lab.engine.get(BlobRegistry);
      jest.spyOn(registry, 'release').mockImplementation(dead);
      jest.spyOn(registry, 'abandon').mockImplementation(dead);
      await expect(lab.put(id, bytes)).rejects.toThrow('the process was ended');
      jest.restoreAllMocks();
      jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
      expect(await report()).toEqual({ items: 1, count: 1 });
      await expect(lab.fetched(lease, 'n0')).rejects.toMatchObject({ code: 'artifact.corrupt' });
      lab.engine.clock.advance(3_600_001);
      await lab.sweep();
      expect([await lab.count('blobs'), await refs()]).toEqual([1, [1]]);
      expect(await lab.put(id, bytes)).toMatchObject({ isNew: true });
      expect(bytes.equals(await lab.fetched(lease, 'n0'))).toBe(true);
    });

    it('that are marked while the same bytes flow to another input are replaced', async () => {
      const { id } = await lab.stored(bytes);
      const { lease } = await leased(id);
      const other = await lab.create();
      await lab.inputs.put({ inputId: other.id, body: during(bytes, damage) });
      expect(await report()).toEqual(NOTHING);
      expect(bytes.equals(await lab.fetched(lease, 'n0'))).toBe(true);
    });

    it('that are marked while the same bytes flow to the same input are asked for again', async () => {
      const { id } = await lab.stored(bytes);
      const { lease } = await leased(id);
      const upload = { inputId: id, body: during(bytes, damage) };
      await expect(lab.inputs.put(upload)).rejects.toMatchObject({
        code: 'server.busy',
        details: { retryAfterSeconds: 1 },
      });
      expect(await lab.put(id, bytes)).toMatchObject({ isNew: true });
      expect(bytes.equals(await lab.fetched(lease, 'n0'))).toBe(true);
    });

    it('that are replaced while the scrub reads them are not marked', async () => {
      const { id } = await lab.stored(bytes);
      await damage();
      const query = lab.engine.reads.query.bind(lab.engine.reads);
      let isReplaced = false;
      lab.engine.reads.query = async <Row>(sql: string, params?: Parameters<typeof query>[1]) => {
        const rows = await query<Row>(sql, params);
        if (sql.includes('FROM blob_chunks') && !isReplaced) {
          isReplaced = true;
          await lab.put(id, bytes);
        }
        return rows;
      };
      await scrub();
      expect(isReplaced).toBe(true);
      expect(await report()).toEqual(NOTHING);
    });

    it('whose mark is taken off are left where they are', async () => {
      const { id } = await lab.stored(bytes);
      await damage();
      await flip();
      await scrub();
      expect(await lab.put(id, bytes)).toMatchObject({ isNew: false });
      await lab.sweep();
      expect(await lab.count('blobs')).toBe(1);
    });
  });

  describe('that no scrub has found', () => {
    const input = async (bytes: Buffer) => {
      const { id } = await lab.stored(bytes);
      const { lease } = await leased(id);
      return { id, lease, found: await lab.taskInputs.get(lease, 'n0') };
    };
    const isMarked = () =>
      eventually('it is marked', async () => (await lab.count('corrupt_blobs')) === 1);
    const refused = { code: 'artifact.corrupt' };

    it('are marked by the download that reads them whole', async () => {
      const { id, lease, found } = await input(SMALL);
      await flip();
      await expect(lab.taskInputs.whole(found)).rejects.toMatchObject(refused);
      await expect(lab.taskInputs.get(lease, 'n0')).rejects.toMatchObject(refused);
      expect(logged).toHaveBeenCalledTimes(1);
      await lab.put(id, SMALL);
      const healed = await lab.taskInputs.whole(await lab.taskInputs.get(lease, 'n0'));
      expect(healed.equals(SMALL)).toBe(true);
    });

    it('are marked by the download that streams them, which never comes to its end', async () => {
      const { lease, found } = await input(LARGE);
      await flip();
      let read = 0;
      const reading = (async () => {
        for await (const piece of lab.taskInputs.open(found)) read += (piece as Buffer).length;
      })();
      await expect(reading).rejects.toThrow('other bytes');
      expect(read).toBe(524_288);
      await isMarked();
      await expect(lab.taskInputs.get(lease, 'n0')).rejects.toMatchObject(refused);
      const { corruptBlobs } = await lab.engine.get(ArtifactScrub).state();
      expect(corruptBlobs).toMatchObject([{ foundSha256: expect.any(String) }]);
    });

    it.each([
      ['whole', undefined],
      ['in part', { start: 300_000, end: 599_999 }],
    ])('are marked where bytes are missing: read %s', async (_what, range) => {
      const { lease, found } = await input(LARGE);
      await lab.engine.unitOfWork.run((tx) =>
        tx.execute('DELETE FROM blob_chunks WHERE start_byte = 524288'),
      );
      await expect(buffer(lab.taskInputs.open(found, range))).rejects.toThrow('no byte 524288');
      await isMarked();
      await expect(lab.taskInputs.get(lease, 'n0')).rejects.toMatchObject(refused);
    });

    it('are not marked by a reader that goes away, or a store that cannot be read', async () => {
      const { found } = await input(LARGE);
      const left = lab.taskInputs.open(found);
      await new Promise((resolve) => left.once('data', resolve));
      left.on('error', () => undefined);
      left.destroy(new Error('the reader has gone'));
      const query = lab.engine.reads.query.bind(lab.engine.reads);
      lab.engine.reads.query = async () => Promise.reject(new Error('disk I/O error'));
      await expect(buffer(lab.taskInputs.open(found))).rejects.toThrow('disk I/O error');
      lab.engine.reads.query = query;
      // A mark would be a bulk unit: those before this one are done.
      await lab.engine.unitOfWork.run(async () => undefined, 'bulk');
      expect(await lab.count('corrupt_blobs')).toBe(0);
      expect((await buffer(lab.taskInputs.open(found))).equals(LARGE)).toBe(true);
    });

    it('are not marked by a reader of what was replaced and swept meanwhile', async () => {
      const { id, found } = await input(SMALL);
      await damage();
      await lab.put(id, SMALL);
      await lab.sweep();
      await expect(lab.taskInputs.whole(found)).rejects.toMatchObject({ code: 'server.busy' });
      await expect(buffer(lab.taskInputs.open(found))).rejects.toThrow('no byte 0');
      await lab.engine.unitOfWork.run(async () => undefined, 'bulk');
      expect(await lab.count('corrupt_blobs')).toBe(0);
    });
  });
});

/** The bytes, and something that happens before the last of them. */
async function* during(bytes: Buffer, event: () => Promise<void>): AsyncGenerator<Buffer> {
  yield bytes.subarray(0, -1);
  await event();
  yield bytes.subarray(-1);
}
