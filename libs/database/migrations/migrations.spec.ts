import { openTemporaryDatabase, type TemporaryDatabase } from '@foreman/testing';
import { MIGRATIONS } from './index';

describe('the migrations', () => {
  let temporary: TemporaryDatabase;
  beforeEach(async () => {
    temporary = await openTemporaryDatabase();
  });
  afterEach(() => temporary.remove());

  const schema = () =>
    temporary.database.driver
      .prepare(
        `SELECT type, name, sql FROM sqlite_master
         WHERE name NOT LIKE 'sqlite_%' AND name <> 'schema_migrations' ORDER BY type, name`,
      )
      .all();

  it('can each be undone, to the last trace, and done again', async () => {
    const { dataSource } = temporary.database;
    const migrated = schema();
    for (const _ of MIGRATIONS) await dataSource.undoLastMigration({ transaction: 'each' });
    expect(schema()).toEqual([]);
    await dataSource.runMigrations({ transaction: 'each' });
    expect(schema()).toEqual(migrated);
  });

  it('are named by their time, oldest first', () => {
    const names = MIGRATIONS.map((migration) => migration.name);
    const times = names.map((name) => Number(/\d{13}$/.exec(name)?.[0]));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(new Set(names).size).toBe(names.length);
  });
});
