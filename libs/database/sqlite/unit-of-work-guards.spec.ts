import type { TemporaryDatabase } from '@foreman/testing';
import { ScratchEntity, idsInFile, insert, openScratch, outcomes } from '../spec/scratch';
import { TransactionClosedError, type Tx, type UnitOfWork } from '../index';

describe('a unit of work', () => {
  let temporary: TemporaryDatabase;
  let work: UnitOfWork;
  beforeEach(async () => {
    temporary = await openScratch({ workLimitMs: 100 });
    work = temporary.database.unitOfWork;
  });
  afterEach(() => temporary.remove());

  describe('inside another', () => {
    it('is refused, for it would wait for itself', async () => {
      const done = await outcomes([
        work.run(async () => work.run((tx) => insert(tx, 'a'))),
        work.run((tx) => insert(tx, 'b')),
      ]);
      expect(done).toEqual(['NestedUnitOfWorkError', 'b']);
      expect(idsInFile(temporary.file)).toEqual(['b']);
    });

    it('is refused however deep, and without an await', async () => {
      let inner: Promise<unknown> | null = null;
      await work.run(async () => {
        await Promise.resolve();
        inner = Promise.resolve().then(() => work.run((tx) => insert(tx, 'a')));
        inner.catch(() => undefined);
        await Promise.resolve();
      });
      await expect(inner).rejects.toMatchObject({ name: 'NestedUnitOfWorkError' });
    });

    it('is no obstacle for what a unit of work has started and outlived it', async () => {
      let later: Promise<unknown> | null = null;
      await work.run(async () => {
        later = new Promise(setImmediate).then(() => work.run((tx) => insert(tx, 'later')));
      });
      await expect(later).resolves.toBe('later');
    });
  });

  describe('with a forgotten await', () => {
    it('fails loudly instead of joining the neighbour', async () => {
      let forgotten: Promise<unknown> | null = null;
      await outcomes([
        work.run(async (tx) => {
          forgotten = new Promise(setImmediate).then(() => insert(tx, 'late'));
          forgotten.catch(() => undefined);
        }),
        work.run((tx) => insert(tx, 'b')),
      ]);
      await expect(forgotten).rejects.toBeInstanceOf(TransactionClosedError);
      expect(idsInFile(temporary.file)).toEqual(['b']);
    });

    it('never lands in the group of a neighbour that throws, whichever turn it comes in', async () => {
      for (const turns of [0, 1, 2, 3, 4, 5, 6, 8, 12, 20]) {
        await expectSameFate((tx, id) => later(turns, () => insert(tx, id)));
        await expectSameFate((tx, id) =>
          later(turns, () => tx.manager.insert(ScratchEntity, { id })),
        );
      }
    });

    it('has no manager left either', async () => {
      let forgotten: Promise<unknown> | null = null;
      let kept: Tx | null = null;
      await work.run(async (tx) => {
        kept = tx;
        const { manager } = tx;
        const repository = manager.getRepository(ScratchEntity);
        forgotten = new Promise(setImmediate).then(() => repository.insert({ id: 'late' }));
        forgotten.catch(() => undefined);
      });
      await expect(forgotten).rejects.toBeInstanceOf(TransactionClosedError);
      expect(() => kept?.manager).toThrow(TransactionClosedError);
      expect(() => kept?.afterCommit(() => undefined)).toThrow(TransactionClosedError);
      expect(idsInFile(temporary.file)).toEqual([]);
    });

    /**
     * A caller forgets a statement; its neighbours (many, so that some turn hits one) throw. Whatever
     * the statement's turn: if it said that it ran, its row is there, and if it threw, it is not.
     */
    async function expectSameFate(forget: (tx: Tx, id: string) => Promise<unknown>) {
      const id = `row-${(rows += 1)}`;
      let fate: Promise<string> = Promise.resolve('');
      await outcomes([
        work.run(async (tx) => {
          fate = forget(tx, id).then(
            () => 'ran',
            () => 'threw',
          );
        }),
        ...Array.from({ length: 8 }, () =>
          work.run(async (tx) => {
            await tx.query('SELECT 1');
            throw new RangeError('no');
          }),
        ),
      ]);
      const isThere = idsInFile(temporary.file).includes(id);
      expect(await fate).toBe(isThere ? 'ran' : 'threw');
    }
    let rows = 0;

    async function later(turns: number, fn: () => Promise<unknown>): Promise<unknown> {
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      return fn();
    }
  });

  describe('that does not settle', () => {
    it('is refused after the limit, and the others go on', async () => {
      let late: Promise<unknown> | null = null;
      const done = await outcomes([
        work.run((tx) => insert(tx, 'a')),
        work.run(async (tx) => {
          await insert(tx, 'stuck');
          late = new Promise((resolve) => setTimeout(resolve, 150)).then(() => insert(tx, 'late'));
          await late;
        }),
        work.run((tx) => insert(tx, 'c')),
      ]);
      expect(done).toEqual(['a', 'UnitOfWorkTimeoutError', 'c']);
      await expect(late).rejects.toBeInstanceOf(TransactionClosedError);
      expect(idsInFile(temporary.file)).toEqual(['a', 'c']);
    });

    it('is not mistaken for one that computes for longer than the limit', async () => {
      const slow = work.run(async (tx) => {
        const end = performance.now() + 250;
        while (performance.now() < end) await tx.query('SELECT 1');
        return insert(tx, 'slow');
      });
      await expect(slow).resolves.toBe('slow');
    });
  });

  describe('may not steer transactions', () => {
    const entity = Object.assign(new ScratchEntity(), { id: 'x', note: null, parentNumber: null });
    it.each<[string, (tx: Tx) => Promise<unknown>]>([
      ['manager.save', (tx) => tx.manager.save(entity)],
      ['manager.remove', (tx) => tx.manager.remove(entity)],
      ['manager.softRemove', (tx) => tx.manager.softRemove(entity)],
      ['manager.recover', (tx) => tx.manager.recover(entity)],
      ['manager.transaction', (tx) => tx.manager.transaction(async () => undefined)],
      ['repository.save', (tx) => tx.manager.getRepository(ScratchEntity).save(entity)],
      [
        'save without its transaction',
        (tx) => tx.manager.save(ScratchEntity, entity, { transaction: false }),
      ],
      [
        'a query builder with a transaction',
        (tx) => tx.manager.createQueryBuilder(ScratchEntity, 's').useTransaction(true).getMany(),
      ],
      ['manager.query', (tx) => tx.manager.query('COMMIT')],
      ['queryRunner', async (tx) => tx.manager.queryRunner?.commitTransaction()],
      ['COMMIT', (tx) => tx.execute('COMMIT')],
      ['END', (tx) => tx.execute(' end transaction')],
      ['ROLLBACK', (tx) => tx.query('rollback')],
      ['BEGIN', (tx) => tx.query('BEGIN IMMEDIATE')],
      ['SAVEPOINT', (tx) => tx.query('SAVEPOINT mine')],
      ['RELEASE', (tx) => tx.query('RELEASE caller')],
      ['a comment before it', (tx) => tx.query('/* no */ -- harm\n;  COMMIT')],
    ])('by %s', async (_name, attempt) => {
      const done = await outcomes([
        work.run((tx) => insert(tx, 'a')),
        work.run(async (tx) => {
          await insert(tx, 'b');
          await attempt(tx);
        }),
        work.run((tx) => insert(tx, 'c')),
      ]);
      expect(done).toEqual(['a', 'TransactionControlError', 'c']);
      expect(idsInFile(temporary.file)).toEqual(['a', 'c']);
    });

    it('with two statements in one text', async () => {
      const done = work.run((tx) => tx.execute('SELECT 1; COMMIT'));
      await expect(done).rejects.toMatchObject({
        message: expect.stringContaining('more than one statement'),
      });
    });
  });

  it('offers the manager: insert, update, upsert, delete, find', async () => {
    const left = await work.run(async ({ manager }) => {
      await manager.insert(ScratchEntity, [
        { id: 'a', note: 'n', parentNumber: 1 },
        { id: 'b' },
        { id: 'c' },
      ]);
      const updated = await manager.update(ScratchEntity, { id: 'b' }, { note: 'new' });
      expect(updated.affected).toBe(1);
      await manager.upsert(ScratchEntity, { id: 'a', parentNumber: 2 }, ['id']);
      const deleted = await manager.delete(ScratchEntity, { id: 'c' });
      expect(deleted.affected).toBe(1);
      expect(await manager.existsBy(ScratchEntity, { id: 'a' })).toBe(true);
      return manager.find(ScratchEntity, { order: { id: 'ASC' } });
    });
    expect(left).toEqual([
      { id: 'a', note: 'n', parentNumber: 2 },
      { id: 'b', note: 'new', parentNumber: null },
    ]);
    expect(left[0]).toBeInstanceOf(ScratchEntity);
  });

  it('tells no parameter in the errors of the manager', async () => {
    const refused = work.run(async ({ manager }) => {
      await manager.insert(ScratchEntity, { id: 'whsec_secret' });
      await manager.insert(ScratchEntity, { id: 'whsec_secret' });
    });
    const error: unknown = await refused.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'QueryFailedError', code: 'SQLITE_CONSTRAINT_PRIMARYKEY' });
    expect(JSON.stringify(Object.entries(error as object))).not.toContain('whsec_secret');
    expect(String(error)).not.toContain('whsec_secret');
  });
});

describe('the read connection', () => {
  it('never sees uncommitted work, and sees it as soon as it is acknowledged', async () => {
    const temporary = await openScratch();
    const { reads, unitOfWork } = temporary.database;
    const count = async () => (await reads.query('SELECT id FROM scratch')).length;
    const seenInside = await unitOfWork.run(async (tx) => {
      await insert(tx, 'a');
      await tx.manager.insert(ScratchEntity, { id: 'b' });
      return [await count(), await reads.manager.count(ScratchEntity)];
    });
    expect(seenInside).toEqual([0, 0]);
    expect(await count()).toBe(2);
    expect(await reads.manager.count(ScratchEntity)).toBe(2);
    expect(
      await reads.entities(ScratchEntity, 'SELECT * FROM scratch WHERE id = ?', ['b']),
    ).toEqual([{ id: 'b', note: null, parentNumber: null }]);
    await temporary.remove();
  });

  it('refuses to write and to hold a snapshot', async () => {
    const temporary = await openScratch();
    const { reads } = temporary.database;
    const readOnly = { code: 'SQLITE_READONLY' };
    await expect(reads.query('DELETE FROM scratch')).rejects.toMatchObject(readOnly);
    await expect(reads.manager.delete(ScratchEntity, { id: 'a' })).rejects.toMatchObject(readOnly);
    await expect(reads.query('BEGIN')).rejects.toMatchObject({ name: 'TransactionControlError' });
    await expect(reads.manager.transaction(async () => undefined)).rejects.toMatchObject({
      name: 'TransactionControlError',
    });
    await temporary.remove();
  });
});
