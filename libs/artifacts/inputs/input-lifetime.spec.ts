import { randomBytes } from 'node:crypto';
import { InputLab } from '../spec/input-lab';

const DAY_MS = 86_400_000;

/** Larger than what is written at once. */
const LARGE = randomBytes(300_000);

describe('an input', () => {
  let lab: InputLab;

  beforeEach(async () => {
    lab = await InputLab.open();
  });

  afterEach(() => lab.close());

  describe('bytes that several inputs have', () => {
    it('are kept once, until the last of them goes', async () => {
      const [one, other] = [await lab.stored(LARGE), await lab.stored(LARGE)];
      await lab.sweep();
      expect(await lab.count('blobs')).toBe(1);
      await lab.remove(one.id);
      await lab.sweep();
      expect(await lab.count('blobs')).toBe(1);
      const job = await lab.engine.submit({ inputs: [{ name: 'data', inputId: other.id }] });
      expect(LARGE.equals(await lab.fetched(await lab.engine.lease(job.id), 'data'))).toBe(true);
    });

    it('go with the last of them', async () => {
      const [one, other] = [await lab.stored(LARGE), await lab.stored(LARGE)];
      await lab.remove(one.id);
      await lab.remove(other.id);
      expect(await lab.sweep()).toMatchObject({ inputs: 2, blobs: 2 });
      expect([await lab.count('blobs'), await lab.count('blob_chunks')]).toEqual([0, 0]);
      expect([await lab.count('inputs'), await lab.count('input_blobs')]).toEqual([0, 0]);
    });

    it('survive a sweep at the moment at which another takes them up', async () => {
      const old = await lab.stored(LARGE);
      const { id } = await lab.create();
      await lab.remove(old.id);
      const [{ input }] = await Promise.all([lab.put(id, LARGE), lab.sweep()]);
      await lab.sweep();
      const job = await lab.engine.submit({ inputs: [{ name: 'data', inputId: input.id }] });
      expect(LARGE.equals(await lab.fetched(await lab.engine.lease(job.id), 'data'))).toBe(true);
    });
  });

  describe('time', () => {
    it('is a day while no job names it, from the upload on', async () => {
      const { id } = await lab.create();
      lab.engine.clock.advance(DAY_MS - 1);
      await lab.put(id, 'a,b');
      lab.engine.clock.advance(DAY_MS - 1);
      expect((await lab.look(id)).expiresAt).toBe(lab.engine.clock.now() + 1);
      lab.engine.clock.advance(1);
      await expect(lab.look(id)).rejects.toMatchObject({ code: 'input.not_found' });
      await expect(lab.put(id, 'a,b')).rejects.toMatchObject({ code: 'input.not_found' });
      await expect(lab.remove(id)).rejects.toMatchObject({ code: 'input.not_found' });
      expect(await lab.sweep()).toMatchObject({ inputs: 1, blobs: 1 });
    });

    it('is over for one that was never filled, too', async () => {
      const { id } = await lab.create({ ttlSeconds: 60 });
      expect(await lab.sweep()).toMatchObject({ inputs: 0 });
      lab.engine.clock.advance(60_000);
      expect(await lab.sweep()).toMatchObject({ inputs: 1 });
      await expect(lab.put(id, 'late')).rejects.toMatchObject({ code: 'input.not_found' });
    });

    it('that ends while the bytes flow ends the upload', async () => {
      const { id } = await lab.create({ ttlSeconds: 60 });
      const body = (async function* () {
        yield LARGE;
        lab.engine.clock.advance(60_000);
      })();
      await expect(lab.inputs.put({ inputId: id, body })).rejects.toMatchObject({
        code: 'input.not_found',
      });
      await lab.sweep();
      expect(await lab.count('blobs')).toBe(0);
    });

    it('does not matter while a job names it, also to the next job', async () => {
      const { id } = await lab.stored();
      const first = await lab.engine.submit({ inputs: [{ name: 'a', inputId: id }] });
      lab.engine.clock.advance(2 * DAY_MS);
      expect(await lab.sweep()).toMatchObject({ inputs: 0 });
      expect(await lab.look(id)).toMatchObject({ isHeld: true });
      const second = await lab.engine.submit({ inputs: [{ name: 'a', inputId: id }] });
      expect(await lab.letGo(first.id)).toBe(1);
      expect(await lab.sweep()).toMatchObject({ inputs: 0 });
      expect(await lab.letGo(second.id)).toBe(1);
      expect(await lab.sweep()).toMatchObject({ inputs: 1, blobs: 1 });
    });

    it('that is not over outlives the jobs', async () => {
      const { id } = await lab.stored();
      const job = await lab.engine.submit({ inputs: [{ name: 'a', inputId: id }] });
      await lab.letGo(job.id);
      expect(await lab.sweep()).toMatchObject({ inputs: 0 });
      expect(await lab.look(id)).toMatchObject({ isHeld: false });
    });
  });
});
