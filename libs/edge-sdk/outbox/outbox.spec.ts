import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { FastClock } from '../spec/fast-clock';
import type { LeasedTask } from '../protocol.types';
import { eventually } from '../spec/eventually';
import { Outbox } from './outbox';
import { openOutboxFile } from './outbox-file';
import type { HeldLease } from './outbox-entry';
import { OutboxStore } from './outbox-store';

const task = (id: string) =>
  ({
    taskId: id,
    jobId: `job-${id}`,
    leaseToken: `lease-${id}`,
    kind: 'echo',
    attempt: 1,
    heartbeatSeconds: 20,
  }) as LeasedTask;
const rows = (text: string) => ({ type: 'rows', body: Buffer.from(text) }) as const;
const FAILURE = { type: 'fail', request: { code: 'x.y', message: 'm' } } as const;

describe('Outbox', () => {
  const { signal } = new AbortController();
  const warnings: string[] = [];
  const options = {
    clock: new FastClock(),
    log: {
      debug() {},
      info() {},
      error() {},
      warn: (_: object, text: string) => warnings.push(text),
    },
  };
  let folder: string;
  let file: string;
  let opened: Outbox[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'foreman-outbox-'));
    file = join(folder, 'state', 'outbox.db');
    opened = [];
    warnings.length = 0;
  });
  afterEach(() => {
    for (const outbox of opened) outbox.close();
    rmSync(folder, { recursive: true });
  });

  function open(): Outbox {
    const outbox = Outbox.open(file, options);
    opened.push(outbox);
    return outbox;
  }

  function bounded(maxBytes: number): Outbox {
    const outbox = Outbox.on(new OutboxStore(openOutboxFile(file)), maxBytes, options);
    opened.push(outbox);
    return outbox;
  }

  const reopen = (): Outbox => {
    opened.pop()?.close();
    return open();
  };

  async function drained(outbox: Outbox, lease: HeldLease): Promise<string[]> {
    const texts: string[] = [];
    for (let entry = outbox.first(lease); entry !== null; entry = outbox.first(lease)) {
      texts.push(entry.type === 'rows' ? `${entry.body.toString()}` : entry.type);
      await outbox.remove(entry, signal);
    }
    return texts;
  }

  it('reads a broken ending as a failure, and all else as it is', async () => {
    const before = open();
    const lease = await before.openLease(task('a'), false, signal);
    const other = await before.openLease(task('b'), false, signal);
    await before.end(lease, { type: 'complete', request: {}, leasesNext: false }, signal);
    await before.end(other, FAILURE, signal);
    opened.pop()?.close();
    const database = new BetterSqlite3(file);
    database
      .prepare('UPDATE entries SET body = ? WHERE lease_id = ?')
      .run(Buffer.from('{"requ'), lease.id);
    database.close();
    const outbox = open();
    expect(outbox.first(lease)).toMatchObject({
      type: 'fail',
      request: { code: 'agent.outbox_damaged', retryable: true },
    });
    expect(outbox.first(other)).toMatchObject(FAILURE);
  });

  it('gives back what it took, lease by lease in order, after it was opened again', async () => {
    let outbox = open();
    const [one, two] = [
      await outbox.openLease(task('1'), true, signal),
      await outbox.openLease(task('2'), false, signal),
    ];
    const artifact = { type: 'artifact', name: 'a.bin', contentType: 'x/y', sha256: 'ab' } as const;
    const body = Buffer.from([0, 255, 10]);
    await outbox.add(two, { ...artifact, body }, signal);
    for (let n = 0; n < 12; n += 1) {
      await outbox.add(one, rows(`r${n}`), signal);
      await outbox.add(two, rows(`s${n}`), signal);
    }
    const request = { bestConfigIds: ['c'], artifacts: [{ name: 'a.bin', sha256: 'ab' }] };
    await outbox.end(two, { type: 'complete', request, leasesNext: true }, signal);
    const held = outbox.heldBytes;

    outbox = reopen();
    expect(outbox.heldBytes).toBe(held);
    expect(outbox.leases()).toEqual([one, two]);
    expect(outbox.leases()[0]).toMatchObject({ ...task('1'), isResumable: true });
    expect(outbox.first(two)).toMatchObject({ ...artifact, body });
    expect([outbox.endingType(one), outbox.endingType(two)]).toEqual([null, 'complete']);
    expect(await drained(outbox, one)).toEqual(Array.from({ length: 12 }, (_, n) => `r${n}`));
    expect(await drained(outbox, two)).toEqual([
      'artifact',
      ...Array.from({ length: 12 }, (_, n) => `s${n}`),
      'complete',
    ]);
    expect(outbox.heldBytes).toBe(0);
  });

  it('takes one ending a lease: the first', async () => {
    const outbox = open();
    const lease = await outbox.openLease(task('1'), false, signal);
    await outbox.end(lease, { type: 'complete', request: {}, leasesNext: false }, signal);
    await outbox.end(lease, FAILURE, signal);
    expect(await drained(outbox, lease)).toEqual(['complete']);
  });

  it('puts a failure in the place of all that waited, and counts what went', async () => {
    const outbox = open();
    const lease = await outbox.openLease(task('1'), false, signal);
    await outbox.add(lease, rows('12345'), signal);
    await outbox.add(lease, rows('67'), signal);
    expect(await outbox.endInstead(lease, FAILURE, signal)).toEqual({ entries: 2, bytes: 7 });
    expect(outbox.first(lease)).toMatchObject(FAILURE);
    expect(outbox.closeLease(lease).entries).toBe(1);
    expect([outbox.leases(), outbox.heldBytes]).toEqual([[], 0]);
  });

  it('lets what does not fit wait, in order, until there is room; an ending needs none', async () => {
    const outbox = bounded(10);
    const lease = await outbox.openLease(task('1'), false, signal);
    await outbox.add(lease, rows('12345678'), signal);
    const order: string[] = [];
    const large = outbox.add(lease, rows('abcdefgh'), signal).then(() => order.push('large'));
    const small = outbox.add(lease, rows('z'), signal).then(() => order.push('small'));
    await outbox.end(await outbox.openLease(task('2'), false, signal), FAILURE, signal);
    expect([order, outbox.waitingForRoom]).toEqual([[], 2]);

    const other = outbox.leases()[1];
    if (other !== undefined) outbox.closeLease(other);
    expect(outbox.waitingForRoom).toBe(2);
    const first = outbox.first(lease);
    if (first !== null) await outbox.remove(first, signal);
    await Promise.all([large, small]);
    expect(order).toEqual(['large', 'small']);
    expect(outbox.heldBytes).toBe(9);
  });

  it('ends the wait for room with its signal, and lets the next one in', async () => {
    const outbox = bounded(10);
    const lease = await outbox.openLease(task('1'), false, signal);
    await outbox.add(lease, rows('12345678'), signal);
    const stopping = new AbortController();
    const reason = new Error('stopping');
    const large = outbox.add(lease, rows('abcdefgh'), stopping.signal);
    const small = outbox.add(lease, rows('z'), signal);
    stopping.abort(reason);
    await expect(large).rejects.toBe(reason);
    await small;
    expect([outbox.heldBytes, outbox.waitingForRoom]).toEqual([9, 0]);
  });

  it('refuses for good what could never fit', async () => {
    const outbox = bounded(4);
    const lease = await outbox.openLease(task('1'), false, signal);
    await expect(outbox.add(lease, rows('12345'), signal)).rejects.toMatchObject({
      code: 'outbox.too_small',
      retryable: false,
    });
  });

  it('waits for a disk that is full', async () => {
    const database = openOutboxFile(file);
    const outbox = Outbox.on(new OutboxStore(database), 1_000_000, options);
    opened.push(outbox);
    const lease = await outbox.openLease(task('1'), false, signal);
    const pages = Number(database.pragma('page_count', { simple: true }));
    database.pragma(`max_page_count = ${pages + 4}`);
    let isTaken = false;
    const taken = outbox
      .add(lease, { type: 'rows', body: Buffer.alloc(100_000) }, signal)
      .then(() => (isTaken = true));
    await eventually(() => warnings.length > 0);
    expect([isTaken, outbox.first(lease)]).toEqual([false, null]);
    database.pragma('max_page_count = 1000000');
    await taken;
    expect(outbox.first(lease)).toMatchObject({ type: 'rows' });
    expect(warnings).toEqual([expect.stringContaining('full')]);
  });

  it('shrinks again when it is emptied', async () => {
    const outbox = open();
    const lease = await outbox.openLease(task('1'), false, signal);
    for (let n = 0; n < 40; n += 1) {
      await outbox.add(lease, { type: 'rows', body: Buffer.alloc(1_000_000) }, signal);
    }
    await drained(outbox, lease);
    reopen();
    expect(statSync(file).size).toBeLessThan(20_000_000);
  });

  it('is readable by its owner only', async () => {
    const outbox = open();
    await outbox.openLease(task('1'), false, signal);
    const modes = [file, `${file}-wal`].map((path) => statSync(path).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600]);
    opened.pop()?.close();
    chmodSync(file, 0o644);
    open();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  describe('is refused', () => {
    const expectUnusable = (message: RegExp) => {
      expect(() => Outbox.open(file, options)).toThrow(message);
      expect(() => Outbox.open(file, options)).toThrow(
        expect.objectContaining({ name: 'OutboxUnusable' }) as Error,
      );
    };

    it('to a second agent of this process', async () => {
      open();
      expectUnusable(/another agent holds/);
      opened.pop()?.close();
      open();
    });

    it('to a second agent, until the first one dies', async () => {
      open();
      opened.pop()?.close();
      const hold = `const db = new (require('better-sqlite3'))(process.argv[1]);
        db.pragma('locking_mode = EXCLUSIVE'); db.exec('BEGIN EXCLUSIVE; COMMIT');
        console.log('held'); setInterval(() => {}, 1000);`;
      const holder = spawn(process.execPath, ['-e', hold, file], { cwd: process.cwd() });
      await once(holder.stdout, 'data');
      expectUnusable(/another agent holds/);
      holder.kill('SIGKILL');
      await once(holder, 'close');
      open();
    });

    it('when a newer agent wrote it', () => {
      open();
      opened.pop()?.close();
      const database = new BetterSqlite3(file);
      database.pragma('user_version = 2');
      database.close();
      expectUnusable(/newer agent \(version 2/);
    });

    it('when it is no database', () => {
      open();
      opened.pop()?.close();
      writeFileSync(file, 'not a database, but long enough to be looked at'.repeat(50));
      expectUnusable(/cannot be used/);
    });
  });
});
