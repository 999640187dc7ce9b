import type BetterSqlite3 from 'better-sqlite3';
import type { DataSource, EntityManager, EntityTarget, ObjectLiteral } from 'typeorm';
import { EntityRows } from '../entity-rows';
import { ReadConnection, type SqlValue } from '../unit-of-work';
import { guardedManager } from './guarded-manager';
import { Statements } from './statements';

/** The second connection to the same file, opened read-only. */
export class SqliteReadConnection extends ReadConnection {
  readonly manager: EntityManager;
  private readonly statements: Statements;
  private readonly rows: EntityRows;

  constructor(dataSource: DataSource, connection: BetterSqlite3.Database) {
    super();
    this.statements = new Statements(connection);
    this.rows = new EntityRows(dataSource);
    // A transaction here would keep its snapshot, and hide fresh commits from every reader.
    this.manager = guardedManager(dataSource, this.statements, () => undefined);
  }

  async query<Row>(sql: string, params: readonly SqlValue[] = []): Promise<Row[]> {
    return this.statements.all<Row>(sql, params);
  }

  async entities<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    sql: string,
    params: readonly SqlValue[] = [],
  ): Promise<E[]> {
    return this.rows.hydrate(entity, await this.query<Record<string, unknown>>(sql, params));
  }
}
