import { registerEntities } from '@foreman/database';
import { canonicalJson, sha256Hex } from '@foreman/kernel';
import {
  FakeClock,
  SequenceIds,
  type TemporaryDatabase,
  openTemporaryDatabase,
} from '@foreman/testing';
import { ApiKeyEntity } from './api-key.entity';
import { ApiKeys } from './api-keys';
import { IdempotencyKeyEntity } from './idempotency-key.entity';
import { IdempotencyKeys } from './idempotency-keys';
import { hasScope } from './principal';
import { Revocations } from './revocations';
import { SCOPES } from './scopes';

registerEntities([ApiKeyEntity, IdempotencyKeyEntity]);

describe('API keys', () => {
  const clock = new FakeClock();
  const ids = new SequenceIds();
  let store: TemporaryDatabase;
  let revocations: Revocations;
  let keys: ApiKeys;

  const make = (name: string, scopes: ApiKeyEntity['scopes']) =>
    store.database.unitOfWork.run((tx) => keys.create(tx, { name, scopes }));

  beforeEach(async () => {
    store = await openTemporaryDatabase({ clock, ids });
    const { unitOfWork, reads } = store.database;
    revocations = new Revocations();
    keys = new ApiKeys(unitOfWork, reads, clock, ids, revocations);
  });
  afterEach(() => store.remove());

  it('recognises a key, and keeps nothing of its token but the SHA-256', async () => {
    const { key, token } = await make('pricing', ['jobs:read']);
    expect(token).toMatch(/^fmk_[\w-]{43}$/);
    expect(await keys.authenticate(token)).toEqual({
      credentialId: key.id,
      name: 'pricing',
      scopes: ['jobs:read'],
    });
    const rows =
      await store.database.reads.query<Record<string, unknown>>('SELECT * FROM api_keys');
    expect(rows[0]?.['token_hash']).toBe(sha256Hex(token));
    expect(JSON.stringify(rows)).not.toContain(token);
  });

  it.each([
    ['nothing', null, 'auth.missing'],
    ['an empty token', '', 'auth.invalid'],
    ['an unknown token', `fmk_${'x'.repeat(43)}`, 'auth.invalid'],
    ["an edge's token", `fme_${'x'.repeat(43)}`, 'auth.invalid'],
    ['an enrolment token', `fmn_${'x'.repeat(43)}`, 'auth.invalid'],
    ['a token with a blank', `fmk_${'x'.repeat(42)} `, 'auth.invalid'],
    ['an endless token', `fmk_${'x'.repeat(100_000)}`, 'auth.invalid'],
  ])('refuses %s', async (_, token, code) => {
    await expect(keys.authenticate(token)).rejects.toMatchObject({ code });
  });

  it('refuses a revoked key from its commit on, and announces it in the very turn', async () => {
    const { key, token } = await make('pricing', ['jobs:read']);
    await keys.authenticate(token);
    const announced: [string, Promise<unknown>][] = [];
    revocations.listen((id) => announced.push([id, keys.authenticate(token)]));
    await store.database.unitOfWork.run((tx) => keys.revoke(tx, key.id));
    expect(announced.map(([id]) => id)).toEqual([key.id]);
    await expect(announced[0]?.[1]).rejects.toMatchObject({ code: 'auth.invalid' });
  });

  it('revokes twice without complaint, and names what is not there', async () => {
    const { key } = await make('pricing', ['jobs:read']);
    const revoke = (id: string) => store.database.unitOfWork.run((tx) => keys.revoke(tx, id));
    const announced: string[] = [];
    revocations.listen((id) => announced.push(id));
    await revoke(key.id);
    const { revokedAt } = await keys.get(store.database.reads, key.id);
    clock.advance(1000);
    await revoke(key.id);
    expect(announced).toEqual([key.id]);
    expect((await keys.get(store.database.reads, key.id)).revokedAt).toBe(revokedAt);
    await expect(revoke(ids.uuid())).rejects.toMatchObject({ code: 'api_key.not_found' });
  });

  it('lists newest first, page by page', async () => {
    for (const name of ['a', 'b', 'c']) {
      await make(name, ['jobs:read']);
      clock.advance(1);
    }
    const first = await keys.list(store.database.reads, { limit: 2, cursor: null });
    const second = await keys.list(store.database.reads, { limit: 2, cursor: first.nextCursor });
    expect([...first.items, ...second.items].map((key) => key.name)).toEqual(['c', 'b', 'a']);
    expect(second.nextCursor).toBeNull();
  });

  describe("the settings' admin token", () => {
    const first = ids.token('fmk_');
    const second = ids.token('fmk_');

    it('opens everything, however often the gateway starts with it', async () => {
      await keys.ensureAdmin(first);
      await keys.ensureAdmin(first);
      const principal = await keys.authenticate(first);
      expect(SCOPES.filter((scope) => !hasScope(principal, scope))).toEqual([]);
      expect(
        (await keys.list(store.database.reads, { limit: 9, cursor: null })).items,
      ).toHaveLength(1);
    });

    it('ends with the next one', async () => {
      await keys.ensureAdmin(first);
      await keys.ensureAdmin(second);
      await expect(keys.authenticate(first)).rejects.toMatchObject({ code: 'auth.invalid' });
      expect(hasScope(await keys.authenticate(second), 'admin')).toBe(true);
    });

    it('ends with the next one, though that was revoked before', async () => {
      await keys.ensureAdmin(first);
      await keys.ensureAdmin(second);
      expect(await keys.ensureAdmin(first)).toBe('revoked');
      await expect(keys.authenticate(second)).rejects.toMatchObject({ code: 'auth.invalid' });
    });

    it('stays revoked over a restart when an administrator revoked it', async () => {
      await keys.ensureAdmin(first);
      const { credentialId } = await keys.authenticate(first);
      await store.database.unitOfWork.run((tx) => keys.revoke(tx, credentialId));
      expect(await keys.ensureAdmin(first)).toBe('revoked');
      await expect(keys.authenticate(first)).rejects.toMatchObject({ code: 'auth.invalid' });
    });
  });

  describe('idempotency keys', () => {
    const call = {
      credentialId: 'c1',
      path: '/jobs',
      key: 'k1',
      bodySha256: sha256Hex(canonicalJson({ kind: 'chat' })),
    };
    const remembered = (changes: Partial<typeof call> = {}) =>
      store.database.unitOfWork.run((tx) =>
        new IdempotencyKeys(clock).remembered(tx, { ...call, ...changes }),
      );
    beforeEach(() =>
      store.database.unitOfWork.run((tx) => new IdempotencyKeys(clock).remember(tx, call, 'job-1')),
    );

    it('answers what the first call made', async () => {
      expect(await remembered()).toBe('job-1');
    });

    it.each([{ credentialId: 'c2' }, { path: '/jobs/batch' }, { key: 'k2' }])(
      'knows nothing of %j',
      async (changes) => {
        expect(await remembered(changes)).toBeNull();
      },
    );

    it('refuses another body', async () => {
      await expect(remembered({ bodySha256: sha256Hex('{}') })).rejects.toMatchObject({
        code: 'idempotency.conflict',
      });
    });
  });
});
