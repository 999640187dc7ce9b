import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database, type DatabaseOptions } from '@foreman/database';

export interface TemporaryDatabase {
  readonly database: Database;
  readonly folder: string;
  readonly file: string;
  /** Closes the database and removes its folder. */
  remove(): Promise<void>;
}

/** A migrated database in a folder of its own. */
export async function openTemporaryDatabase(
  options: Partial<DatabaseOptions> = {},
): Promise<TemporaryDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'foreman-'));
  const file = join(folder, 'foreman.db');
  const database = await Database.open({ file, ...options }, rethrowLater);
  return {
    database,
    folder,
    file,
    remove: async () => {
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A hook that throws is a fault of the code under test: let it end the test run. */
function rethrowLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
