import { createRequire } from 'node:module';
import type { Database as GatewayDatabase, UnitOfWork } from '@foreman/database';
import { BULK_HANDLING, type BulkHandling, type WriteTimes } from './write-watch.protocol';

/**
 * Loaded into the gateway's process before the gateway itself (`node -r`): takes the time of every write in the control
 * lane, and has the bulk writes handled otherwise where the bench asks for it.
 */
const handling = JSON.parse(process.env[BULK_HANDLING] ?? '{}') as Partial<BulkHandling>;
/** Of the gateway itself, which may be compiled while this file is not. */
const main = process.argv[1] ?? '';
const { Database } = createRequire(main)('../../libs/database') as {
  Database: Pick<typeof GatewayDatabase, 'open'>;
};

let writes: number[] = [];

const open = Database.open.bind(Database);
Database.open = async (options, onHookError) => {
  const database = await open(options, onHookError);
  watch(database.unitOfWork);
  return database;
};

function watch(unitOfWork: UnitOfWork): void {
  const run = unitOfWork.run.bind(unitOfWork);
  unitOfWork.run = async (work, lane = 'control') => {
    if (lane === 'bulk') return run(work, handling.isOneLane === true ? 'control' : 'bulk');
    const startedMs = performance.now();
    try {
      return await run(work, lane);
    } finally {
      writes.push(performance.now() - startedMs);
    }
  };
}

process.on('message', () => {
  const told: WriteTimes = writes;
  writes = [];
  process.send?.(told);
});
// To be asked must not keep the gateway alive.
process.channel?.unref();
