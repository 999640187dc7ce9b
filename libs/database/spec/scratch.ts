import BetterSqlite3 from 'better-sqlite3';
import { Entity } from 'typeorm';
import { IdColumn, IntegerColumn, TextColumn, registerEntities, type Tx } from '../index';
import { openTemporaryDatabase, type TemporaryDatabase } from '@foreman/testing';
import type { DatabaseOptions } from '../index';

/** A table of the specs' own, so that they do not lean on the schema of any lib. */
@Entity('scratch')
export class ScratchEntity {
  @IdColumn()
  id!: string;

  @TextColumn({ nullable: true })
  note!: string | null;

  @IntegerColumn({ nullable: true })
  parentNumber!: number | null;
}

/** A migrated database with an empty `scratch` table. */
export async function openScratch(
  options: Partial<DatabaseOptions> = {},
): Promise<TemporaryDatabase> {
  registerEntities([ScratchEntity]);
  const temporary = await openTemporaryDatabase(options);
  temporary.database.driver.exec(
    'CREATE TABLE scratch (id text PRIMARY KEY NOT NULL, note text, parent_number integer)',
  );
  return temporary;
}

export async function insert(tx: Tx, id: string): Promise<string> {
  await tx.execute('INSERT INTO scratch (id) VALUES (?)', [id]);
  return id;
}

/** What the file holds, through a connection that has nothing to do with the database under test. */
export function idsInFile(file: string): string[] {
  const fresh = new BetterSqlite3(file, { readonly: true });
  try {
    return fresh.prepare('SELECT id FROM scratch ORDER BY id').pluck().all() as string[];
  } finally {
    fresh.close();
  }
}

/** How each promise ended, errors by their code or name. */
export async function outcomes(promises: readonly Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((one) => (one.status === 'fulfilled' ? one.value : nameOf(one.reason)));
}

/** Not by class: the driver's errors are of the class that its native part was first loaded with. */
function nameOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name: string };
  return typeof code === 'string' ? code : name;
}
