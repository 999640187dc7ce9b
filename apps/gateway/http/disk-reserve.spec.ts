import { FakeClock } from '@foreman/testing';
import type { GatewayOptions } from '../config/gateway-options';
import { DiskReserve } from './disk-reserve';
import { FreeSpace } from './free-space';

const RESERVE = 1000;
const FULL = { code: 'server.storage_full', details: { retryAfterSeconds: 60 } };

describe('the disk reserve', () => {
  let clock: FakeClock;
  let freeBytes: number;
  let looks: number;
  let reserve: DiskReserve;

  class FakeSpace extends FreeSpace {
    override async bytes(): Promise<number> {
      looks += 1;
      return freeBytes;
    }
  }

  const reserveOf = (diskReserveBytes: number, Space = FakeSpace) => {
    const options = { diskReserveBytes } as GatewayOptions;
    return new DiskReserve(clock, new Space(options), options);
  };

  beforeEach(() => {
    clock = new FakeClock();
    [freeBytes, looks] = [RESERVE, 0];
    reserve = reserveOf(RESERVE);
  });

  async function* body(...lengths: number[]) {
    for (const length of lengths) yield Buffer.alloc(length);
  }

  /** How many pieces came through, and what ended them. */
  async function read(source: AsyncIterable<Buffer>) {
    let pieces = 0;
    try {
      for await (const piece of source) pieces += piece.length > 0 ? 1 : 0;
    } catch (error) {
      return { pieces, error };
    }
    return { pieces, error: null };
  }

  it('takes work as long as there is that much, and not with one byte less', async () => {
    await expect(reserve.assertRoom()).resolves.toBeUndefined();
    freeBytes -= 1;
    clock.advance(1000);
    await expect(reserve.assertRoom()).rejects.toMatchObject(FULL);
    freeBytes += 1;
    clock.advance(1000);
    await expect(reserve.assertRoom()).resolves.toBeUndefined();
  });

  it('looks once a second, whether there is room or not, and once for all who ask together', async () => {
    await Promise.all([reserve.assertRoom(), reserve.assertRoom(), reserve.assertRoom()]);
    clock.advance(999);
    await reserve.assertRoom();
    expect(looks).toBe(1);
    freeBytes = 0;
    clock.advance(1);
    const refused = [reserve.assertRoom(), reserve.assertRoom()];
    for (const call of refused) await expect(call).rejects.toMatchObject(FULL);
    await expect(reserve.assertRoom()).rejects.toMatchObject(FULL);
    expect(looks).toBe(2);
  });

  it('looks again at once when what came in since could have used up the room', async () => {
    freeBytes = RESERVE + 100;
    await reserve.assertRoom(0);
    await reserve.assertRoom(50);
    expect(looks).toBe(1);
    freeBytes = RESERVE - 1;
    await expect(reserve.assertRoom(1)).rejects.toMatchObject(FULL);
    expect(looks).toBe(2);
  });

  it('cuts a body off when it has used up the room, though each call had some', async () => {
    freeBytes = RESERVE + 100;
    const shrinking = reserve.whileRoom(
      (async function* () {
        for (;;) {
          freeBytes -= 40;
          yield Buffer.alloc(40);
        }
      })(),
    );
    expect(await read(shrinking)).toMatchObject({ pieces: 2, error: FULL });
  });

  it('lets a body through that fits', async () => {
    expect(await read(reserve.whileRoom(body(400, 400, 0, 1)))).toEqual({ pieces: 3, error: null });
  });

  it('looks at nothing when it is off', async () => {
    reserve = reserveOf(0);
    freeBytes = 0;
    await reserve.assertRoom(1_000_000);
    expect(looks).toBe(0);
  });

  it('believes nothing when the file system does not answer', async () => {
    class BrokenSpace extends FakeSpace {
      override bytes = () => Promise.reject(new Error('EIO'));
    }
    reserve = reserveOf(RESERVE, BrokenSpace);
    await expect(reserve.assertRoom()).rejects.toThrow('EIO');
    await expect(reserve.assertRoom()).rejects.toThrow('EIO');
  });
});
