import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '@foreman/database';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { type EntityMetadata, getMetadataArgsStorage } from 'typeorm';
import { loadOptions } from '../../apps/gateway/config/load-options';
import { createGateway } from '../../apps/gateway/create-gateway';

const LIBS = join(__dirname, '../../libs');

/** Known to SQL only: nothing of the engine reads them back as objects. */
const WITHOUT_ENTITY = [
  'claim_classes',
  'claim_groups',
  'delivery_totals',
  'edge_jobs',
  'job_totals',
  'late_writes',
  'lease_keys',
  'lease_requests',
];

interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly notnull: 0 | 1;
  readonly pk: number;
}

/** The migrations make the tables, the entities describe them: here they are held against each other. */
describe('entities and migrated tables', () => {
  let folder: string;
  let app: NestExpressApplication;
  let database: Database;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'foreman-'));
    const { options } = await loadOptions({
      FOREMAN_DATA_DIR: folder,
      FOREMAN_LOG_LEVEL: 'fatal',
    });
    app = await createGateway(options, { schedules: false });
    await app.init();
    database = app.get(Database);
  }, 60_000);
  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true, force: true });
  });

  const rows = <Row>(sql: string, ...params: unknown[]) =>
    database.driver.prepare(sql).all(...params) as Row[];
  const tables = () =>
    rows<{ name: string; sql: string }>(
      `SELECT name, sql FROM sqlite_master
       WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'schema_migrations'`,
    );
  const perEntity = (describeOne: (entity: EntityMetadata) => unknown) =>
    Object.fromEntries(
      database.dataSource.entityMetadatas.map((entity) => [entity.tableName, describeOne(entity)]),
    );

  it('are as many: every entity of every lib is known to the gateway', async () => {
    const files = await readdir(LIBS, { recursive: true });
    for (const file of files) if (file.endsWith('.entity.ts')) require(join(LIBS, file));
    const written = getMetadataArgsStorage().tables.map(({ target }) => target);
    const known = database.dataSource.entityMetadatas.map(({ target }) => target);
    expect(new Set(known)).toEqual(new Set(written));
    expect(known.length).toBeGreaterThan(10);
  });

  it('are about the same tables', () => {
    const described = database.dataSource.entityMetadatas.map((entity) => entity.tableName);
    const migrated = tables().map(({ name }) => name);
    expect([...described, ...WITHOUT_ENTITY].toSorted()).toEqual(migrated.toSorted());
  });

  it('have the same columns: names, types, what may be null, primary key', () => {
    const fromTables = perEntity((entity) =>
      rows<TableColumn>('SELECT * FROM pragma_table_info(?)', entity.tableName)
        .map((column) => ({
          name: column.name,
          type: column.type.toLowerCase(),
          isNullable: column.notnull === 0,
          isPrimary: column.pk > 0,
        }))
        .toSorted(byName),
    );
    const fromEntities = perEntity((entity) =>
      entity.columns
        .map((column) => ({
          name: column.databaseName,
          type: database.dataSource.driver.normalizeType(column).replace('simple-json', 'text'),
          isNullable: column.isNullable,
          isPrimary: column.isPrimary,
        }))
        .toSorted(byName),
    );
    expect(fromEntities).toEqual(fromTables);
  });

  it('have the checks that the entities repeat', () => {
    const sqlOf = new Map(tables().map(({ name, sql }) => [name, plain(sql)]));
    const missing = database.dataSource.entityMetadatas.flatMap((entity) =>
      entity.checks
        .filter(
          (check) => !sqlOf.get(entity.tableName)?.includes(`check(${plain(check.expression)})`),
        )
        .map((check) => `${entity.tableName}: ${check.expression}`),
    );
    expect(missing).toEqual([]);
  });

  it('have the indexes that the entities name', () => {
    const indexes = new Map(
      rows<{ name: string; tbl_name: string; sql: string }>(
        `SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`,
      ).map((index) => [index.name, index]),
    );
    const wrong = database.dataSource.entityMetadatas.flatMap((entity) =>
      entity.indices
        .filter((index) => {
          const found = indexes.get(index.name);
          return (
            found?.tbl_name !== entity.tableName ||
            /^create unique/i.test(found.sql) !== index.isUnique ||
            !index.columns.every((column) => found.sql.includes(column.databaseName))
          );
        })
        .map((index) => index.name),
    );
    expect(wrong).toEqual([]);
  });

  function byName(a: { name: string }, b: { name: string }): number {
    return a.name < b.name ? -1 : 1;
  }

  /** Without what does not matter: blanks, quotes, case. */
  function plain(sql: string): string {
    return sql.toLowerCase().replace(/[\s"`]/g, '');
  }
});
