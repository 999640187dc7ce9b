import { sqlList, sqlRows, type SqlValue } from './index';
import { openScratch } from './spec/scratch';
import { Statements } from './sqlite/statements';
import type { TemporaryDatabase } from '@foreman/testing';

describe('lists in statements', () => {
  let temporary: TemporaryDatabase;
  beforeEach(async () => {
    temporary = await openScratch();
  });
  afterEach(() => temporary.remove());

  /** Prepared ones that the connection's cache holds after `ask`, and how often it prepared one. */
  const watch = (ask: (statements: Statements) => void) => {
    const { driver } = temporary.database;
    const prepare = jest.spyOn(driver, 'prepare');
    const statements = new Statements(driver);
    ask(statements);
    const { cache } = statements as unknown as { cache: Map<string, unknown> };
    return { kept: [...cache.keys()], prepared: prepare.mock.calls.length };
  };

  it('of a thousand lengths are a handful of texts, and each finds what it names', () => {
    const { driver } = temporary.database;
    const ids = Array.from({ length: 1000 }, (_, n) => `id ${n}`);
    const insert = driver.prepare('INSERT INTO scratch (id) VALUES (?)');
    for (const id of ids) insert.run(id);
    const { kept, prepared } = watch((statements) => {
      for (let length = 0; length <= ids.length; length += 1) {
        const { marks, params } = sqlList(ids.slice(0, length));
        const [found] = statements.all<{ n: number }>(
          `SELECT count(*) AS n FROM scratch WHERE id IN (${marks})`,
          params,
        );
        expect(found?.n).toBe(length);
      }
    });
    expect(kept).toHaveLength(12);
    expect(prepared).toBe(12);
  });

  it('of rows keep what belongs together, the last one several times', () => {
    const rows: SqlValue[][] = [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ];
    const { marks, params } = sqlRows(rows);
    const found = new Statements(temporary.database.driver).all(`VALUES ${marks}`, params);
    expect(found).toHaveLength(4);
    expect(found[3]).toEqual({ column1: 'c', column2: 3 });
  });

  it('are not kept beyond a bound of their texts, however few they are', () => {
    const { kept, prepared } = watch((statements) => {
      for (let n = 0; n < 300; n += 1) {
        const marks = Array.from({ length: 1000 }, () => '?').join(', ');
        statements.all(
          `SELECT ${n} FROM scratch WHERE id IN (${marks})`,
          Array.from({ length: 1000 }, () => 'x'),
        );
      }
    });
    expect(prepared).toBe(300);
    expect(kept.join('').length).toBeLessThanOrEqual(400_000);
    expect(kept.length).toBeGreaterThan(100);
  });
});
