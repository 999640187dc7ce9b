import { randomBytes } from 'node:crypto';
import { sha256Hex } from '@foreman/kernel';
import { InputLab, MAX_BYTES } from '../spec/input-lab';
import { Inputs, type NewInput } from './inputs';

/** Larger than what is written at once. */
const LARGE = randomBytes(300_000);

describe('uploading an input', () => {
  let lab: InputLab;

  beforeEach(async () => {
    lab = await InputLab.open();
  });

  afterEach(() => lab.close());

  it.each([0, 1, 16_384, 16_385, 262_144, 262_145, MAX_BYTES])(
    'stores %d bytes as they came',
    async (size) => {
      const bytes = randomBytes(size);
      const { id } = await lab.create({ contentType: 'application/octet-stream' });
      const { input, isNew } = await lab.put(id, bytes);
      expect(isNew).toBe(true);
      expect(input).toMatchObject({ id, size, sha256: sha256Hex(bytes), isHeld: false });
      const job = await lab.engine.submit({ inputs: [{ name: 'data', inputId: id }] });
      expect(bytes.equals(await lab.fetched(await lab.engine.lease(job.id), 'data'))).toBe(true);
    },
  );

  it('tells what was announced until the bytes have come', async () => {
    const sha256 = sha256Hex('a,b');
    const { id } = await lab.create({ size: 3, sha256: sha256.toUpperCase() });
    expect(await lab.look(id)).toMatchObject({ size: 3, sha256, storedAt: null });
    await lab.put(id, 'a,b');
    expect(await lab.look(id)).toMatchObject({ size: 3, sha256, storedAt: lab.engine.clock.now() });
  });

  it.each<[string, Partial<NewInput>, string]>([
    ['another size', { size: 4 }, 'request.invalid'],
    ['another digest', { sha256: sha256Hex('other') }, 'artifact.digest_mismatch'],
  ])('refuses bytes of %s than was announced, and takes the right ones', async (_, said, code) => {
    const { id } = await lab.create(said);
    await expect(lab.put(id, 'a,b')).rejects.toMatchObject({ code });
    await expect(lab.put(id, LARGE)).rejects.toMatchObject({ code });
    expect((await lab.look(id)).storedAt).toBeNull();
    expect((await lab.put(id, said.size === undefined ? 'other' : 'four')).isNew).toBe(true);
    await lab.sweep();
    expect(await lab.count('blobs')).toBe(1);
  });

  it('reads no more than was announced, and one byte to see that there is more', async () => {
    const { id } = await lab.create({ size: 3 });
    let read = 0;
    async function* body() {
      for (; read < 10; read += 1) yield Buffer.from('x');
    }
    const upload = lab.engine.get(Inputs).put({ inputId: id, body: body() });
    await expect(upload).rejects.toMatchObject({
      code: 'request.invalid',
      details: { errors: [{ path: 'size' }] },
    });
    expect(read).toBe(3);
    expect((await lab.put(id, 'a,b')).isNew).toBe(true);
  });

  it('refuses bytes without the digest of their header, and too many', async () => {
    const { id } = await lab.create();
    const digests = { sha256: Buffer.from(sha256Hex('x'), 'hex') };
    await expect(lab.put(id, 'y', { digests })).rejects.toMatchObject({
      code: 'artifact.digest_mismatch',
    });
    await expect(lab.put(id, Buffer.alloc(MAX_BYTES + 1))).rejects.toMatchObject({
      code: 'artifact.too_large',
      message: expect.stringMatching(/^An input .*FOREMAN_ARTIFACT_MAX_BYTES/),
    });
    await expect(lab.create({ size: MAX_BYTES + 1 })).rejects.toMatchObject({
      code: 'artifact.too_large',
      message: expect.stringMatching(/^An input .*FOREMAN_ARTIFACT_MAX_BYTES/),
    });
  });

  it.each<[string, Partial<NewInput>]>([
    ['contentType', { contentType: 'text' }],
    ['size', { size: -1 }],
    ['sha256', { sha256: 'abc' }],
    ['ttlSeconds', { ttlSeconds: 0 }],
    ['ttlSeconds', { ttlSeconds: 31_536_001 }],
  ])('refuses a wrong %s', async (path, said) => {
    await expect(lab.create(said)).rejects.toMatchObject({
      code: 'request.invalid',
      details: { errors: [expect.objectContaining({ path })] },
    });
  });

  it('answers the same bytes with what is there, and keeps them against others', async () => {
    const { id } = await lab.create();
    await lab.put(id, LARGE);
    expect(await lab.put(id, LARGE)).toMatchObject({ isNew: false, input: { id } });
    await expect(lab.put(id, 'other')).rejects.toMatchObject({ code: 'input.conflict' });
    expect(await lab.look(id)).toMatchObject({ sha256: sha256Hex(LARGE) });
    expect(await lab.count('blobs')).toBe(1);
  });

  it.each([
    ['small', Buffer.from('same'), Buffer.from('other')],
    ['large', LARGE, randomBytes(300_000)],
  ])('lets one of two simultaneous uploads win: %s', async (_, same, other) => {
    const { id } = await lab.create();
    const both = await Promise.all([lab.put(id, same), lab.put(id, same)]);
    expect(both.map(({ isNew }) => isNew).toSorted()).toEqual([false, true]);
    const { id: contested } = await lab.create();
    const ends = await Promise.allSettled([lab.put(contested, same), lab.put(contested, other)]);
    const refused = ends.filter((end) => end.status === 'rejected');
    expect(refused).toMatchObject([{ reason: { code: 'input.conflict' } }]);
    await lab.sweep();
    expect(await lab.count('blobs')).toBe(await lab.count('input_blobs'));
  });

  it('leaves nothing of an upload that broke off', async () => {
    const { id } = await lab.create();
    const body = (async function* () {
      yield LARGE;
      throw new Error('the line went dead');
    })();
    await expect(lab.inputs.put({ inputId: id, body })).rejects.toThrow('the line went dead');
    await lab.sweep();
    expect([await lab.count('blobs'), await lab.count('blob_chunks')]).toEqual([0, 0]);
    expect((await lab.put(id, LARGE)).isNew).toBe(true);
  });
});
