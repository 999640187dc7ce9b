import { FakeClock } from '@foreman/testing';
import type { GatewayOptions } from '../config/gateway-options';
import { DiskReserve } from './disk-reserve';
import { FreeSpace } from './free-space';
import type { Database } from '@foreman/database';

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
    return new DiskReserve(clock, new Space({} as Database), options);
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

  const ask = (bytes = 0) => reserve.during(bytes, async () => undefined);

  /** Work that goes on until it is told to end, by itself or with an error. */
  function begin(bytes: number) {
    let settle: { done: () => void; fail: (error: Error) => void } | undefined;
    const running = reserve.during(bytes, async () => {
      const end = new Promise<void>((done, fail) => {
        settle = { done, fail };
      });
      return end;
    });
    running.catch(() => undefined);
    return { running, done: () => settle?.done(), fail: () => settle?.fail(new Error('aborted')) };
  }

  it('takes work as long as there is that much, and not with one byte less', async () => {
    await expect(ask()).resolves.toBeUndefined();
    freeBytes -= 1;
    clock.advance(1000);
    await expect(ask()).rejects.toMatchObject(FULL);
    freeBytes += 1;
    clock.advance(1000);
    await expect(ask()).resolves.toBeUndefined();
  });

  it('looks once a second, whether there is room or not, and once for all who ask together', async () => {
    await Promise.all([ask(), ask(), ask()]);
    clock.advance(999);
    await ask();
    expect(looks).toBe(1);
    freeBytes = 0;
    clock.advance(1);
    const refused = [ask(), ask()];
    for (const call of refused) await expect(call).rejects.toMatchObject(FULL);
    await expect(ask()).rejects.toMatchObject(FULL);
    expect(looks).toBe(2);
  });

  it('gives the same room to nobody else, however often it looks', async () => {
    freeBytes = RESERVE + 200;
    const first = begin(60);
    await ask();
    for (let again = 0; again < 3; again += 1) {
      await expect(ask(41)).rejects.toMatchObject(FULL);
      clock.advance(1000);
    }
    await expect(ask(40)).resolves.toBeUndefined();
    first.done();
    await first.running;
    await expect(ask(100)).resolves.toBeUndefined();
  });

  it('lets as many of those who ask together through as there is room for', async () => {
    freeBytes = RESERVE + 100;
    const all = Array.from({ length: 5 }, () => begin(20));
    const settled = all.map(({ running }) =>
      running.then(
        () => 'taken',
        () => 'refused',
      ),
    );
    await ask();
    expect(reserve.announcedBytes).toBe(40);
    for (const { done } of all) done();
    expect((await Promise.all(settled)).toSorted()).toEqual([
      ...['refused', 'refused', 'refused'],
      ...['taken', 'taken'],
    ]);
    expect(reserve.announcedBytes).toBe(0);
  });

  it('gives the room of a call that failed back', async () => {
    freeBytes = RESERVE + 100;
    const first = begin(50);
    await expect(ask(1)).rejects.toMatchObject(FULL);
    first.fail();
    await expect(first.running).rejects.toThrow('aborted');
    expect(reserve.announcedBytes).toBe(0);
    await expect(ask(50)).resolves.toBeUndefined();
  });

  it('looks again at once when what came in since could have used up the room', async () => {
    freeBytes = RESERVE + 100;
    await ask(0);
    await ask(50);
    expect(looks).toBe(1);
    freeBytes = RESERVE - 1;
    await expect(ask(1)).rejects.toMatchObject(FULL);
    expect(looks).toBe(2);
  });

  it('does not cut off what it let in, for what was let in besides', async () => {
    freeBytes = RESERVE + 100;
    const other = begin(50);
    await ask();
    clock.advance(1000);
    expect(await read(reserve.whileRoom(body(40)))).toEqual({ pieces: 1, error: null });
    other.done();
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
    await ask(1_000_000);
    expect(looks).toBe(0);
  });

  it('believes nothing when the file system does not answer', async () => {
    class BrokenSpace extends FakeSpace {
      override bytes = () => Promise.reject(new Error('EIO'));
    }
    reserve = reserveOf(RESERVE, BrokenSpace);
    await expect(ask()).rejects.toThrow('EIO');
    await expect(ask()).rejects.toThrow('EIO');
  });
});
