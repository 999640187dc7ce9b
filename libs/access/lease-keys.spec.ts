import { openTestEngine, type TestEngine } from '@foreman/testing';
import {
  FIND_LEASE_KEY,
  FORGET_OLDER_LEASES,
  FORGET_OLDEST_KEYS,
  LEASE_KEYS_LIMIT,
  isLeaseKeyUsed,
  rememberLeaseKey,
  type LeaseCall,
} from './lease-keys';

const SHA = 'a'.repeat(64);

describe('the keys of a lease', () => {
  let engine: TestEngine;
  let id: string;

  beforeEach(async () => {
    engine = await openTestEngine();
    ({ taskId: id } = await engine.lease((await engine.submit()).id));
  });
  afterEach(() => engine.close());

  const call = (key: string | null, attempt = 1, what = 'results'): LeaseCall => ({
    task: { id, attempt },
    call: what,
    key,
  });
  const remember = (...calls: LeaseCall[]) =>
    engine.unitOfWork.run(async (tx) => {
      for (const each of calls) await rememberLeaseKey(tx, each, SHA);
    });
  const isUsed = (each: LeaseCall, sha?: string) => isLeaseKeyUsed(engine.reads, each, sha);
  const kept = async () =>
    (await engine.reads.query('SELECT number FROM lease_keys ORDER BY attempt, number')).length;

  it('are known with their lease, their call and their body', async () => {
    await remember(call('k'));
    expect(await isUsed(call('k'))).toBe(true);
    expect(await isUsed(call('k'), SHA)).toBe(true);
    expect(await isUsed(call('other'))).toBe(false);
    expect(await isUsed(call('k', 2))).toBe(false);
    expect(await isUsed(call('k', 1, 'artifacts/k'))).toBe(false);
    await expect(isUsed(call('k'), 'b'.repeat(64))).rejects.toMatchObject({
      code: 'idempotency.conflict',
    });
  });

  it('are kept once, and not at all where none was sent', async () => {
    await remember(call('k'), call('k'), call(null));
    expect([await kept(), await isUsed(call(null))]).toEqual([1, false]);
  });

  it('are so many at the most: a new one takes the place of the oldest', async () => {
    const names = Array.from({ length: LEASE_KEYS_LIMIT + 2 }, (_, index) => `k${index}`);
    await remember(...names.map((name) => call(name)));
    expect(await kept()).toBe(LEASE_KEYS_LIMIT);
    const known = await Promise.all(['k0', 'k1', 'k2'].map((name) => isUsed(call(name))));
    expect(known).toEqual([false, false, true]);
  });

  it('go when a later lease of the task uses its first one', async () => {
    await remember(call('k1'), call('k2'));
    await remember(call('k1', 2));
    expect([await kept(), await isUsed(call('k1')), await isUsed(call('k1', 2))]).toEqual([
      1,
      false,
      true,
    ]);
    await remember(call('k2', 2));
    expect(await kept()).toBe(2);
  });

  it.each([FIND_LEASE_KEY, FORGET_OLDER_LEASES, FORGET_OLDEST_KEYS])(
    'are found by their indexes: %s',
    async (sql) => {
      const steps = await engine.reads.query<{ detail: string }>(
        `EXPLAIN QUERY PLAN ${sql}`,
        Array.from({ length: sql.split('?').length - 1 }, () => 1),
      );
      expect(steps.map(({ detail }) => detail).join('\n')).toMatch(
        /^SEARCH lease_keys USING .*INDEX \S+ \(task_id=\? AND attempt[=<]\?/,
      );
    },
  );
});
