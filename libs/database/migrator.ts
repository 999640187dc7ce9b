import type { DataSource } from 'typeorm';
import { NewerSchemaError } from './database-errors';

/**
 * Brings the schema up to this version, each migration in a transaction of its own. The caller holds
 * the database's lock. @throws NewerSchemaError, changing nothing, when a newer Foreman wrote the file.
 */
export async function migrateDatabase(writer: DataSource): Promise<void> {
  const known = new Set(writer.migrations.map((migration) => migration.name));
  const unknown = (await appliedMigrations(writer)).filter((name) => !known.has(name));
  if (unknown.length > 0) throw new NewerSchemaError(unknown);
  await writer.runMigrations({ transaction: 'each' });
}

async function appliedMigrations(writer: DataSource): Promise<string[]> {
  const tables: unknown[] = await writer.query(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'`,
  );
  if (tables.length === 0) return [];
  const rows: { name: string }[] = await writer.query('SELECT name FROM schema_migrations');
  return rows.map((row) => row.name);
}
