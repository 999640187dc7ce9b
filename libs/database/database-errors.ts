import { DomainError } from '@foreman/kernel';

/** `run()` inside `run()` would wait for itself for ever. */
export class NestedUnitOfWorkError extends Error {
  override readonly name = 'NestedUnitOfWorkError';
  constructor() {
    super('UnitOfWork.run() was called inside another run(): pass the tx on instead');
  }
}

/** A statement on a `tx` whose work has settled: a forgotten await. */
export class TransactionClosedError extends Error {
  override readonly name = 'TransactionClosedError';
  constructor() {
    super('This tx is closed: its unit of work has settled (a promise was not awaited)');
  }
}

/** The statement before ended the whole transaction, so nothing more may run in it. */
export class TransactionLostError extends Error {
  override readonly name = 'TransactionLostError';
  constructor() {
    super('The database ended this transaction; the unit of work was refused');
  }
}

/** Work that awaits anything but its own statements holds up every writer. */
export class UnitOfWorkTimeoutError extends Error {
  override readonly name = 'UnitOfWorkTimeoutError';
  constructor(limitMs: number) {
    super(`A unit of work did not settle in ${limitMs} ms: it awaits something besides its tx`);
  }
}

/** Transactions belong to the unit of work; `work` may not steer them itself. */
export class TransactionControlError extends Error {
  override readonly name = 'TransactionControlError';
  constructor(statement: string) {
    super(`A unit of work may not run ${statement}: begin, commit and savepoints are not its own`);
  }
}

/** The file was written by a newer Foreman: this one would not understand it. */
export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError';
  constructor(migrations: readonly string[]) {
    super(
      `The database has migrations that this version does not know: ${migrations.join(', ')}. ` +
        'Start the version that wrote it, or restore a backup.',
    );
  }
}

/** Another live process writes to this file. */
export class DatabaseLockedError extends Error {
  override readonly name = 'DatabaseLockedError';
  constructor(path: string) {
    super(`Another live process holds ${path}: one gateway per data directory`);
  }
}

/**
 * What a client can act on, said in the contract's codes: a full disk (507), and a file that another
 * process kept locked beyond the busy timeout (503). Every other driver error passes through.
 */
export function asDomainError(error: unknown): unknown {
  const code = sqliteCode(error);
  if (isStorageFull(error)) {
    return new DomainError('server.storage_full', 'The disk or the database file is full.', {
      retryAfterSeconds: 10,
    });
  }
  if (code !== undefined && code.startsWith('SQLITE_BUSY')) {
    return new DomainError('server.busy', 'Another process holds the database file.', {
      retryAfterSeconds: 1,
    });
  }
  return error;
}

/** Whether there was no room left to write, neither in the file or its log nor in the log's index (`-shm`). */
export function isStorageFull(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE';
}

/** Whether an error lies with the database as a whole: whatever is tried next would fail alike. */
export function isOfTheDatabase(error: unknown): boolean {
  if (error instanceof DomainError) {
    return error.code === 'server.busy' || error.code === 'server.storage_full';
  }
  return /^SQLITE_(IOERR|READONLY|CANTOPEN|NOMEM)/.test(sqliteCode(error) ?? '');
}

/**
 * The driver's own code (SQLITE_...), also when TypeORM wrapped the error. By code, not by class: the
 * driver's native part knows only the class of whoever loaded it first in the process.
 */
export function sqliteCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string' && error.code.startsWith('SQLITE_')) {
    return error.code;
  }
  return 'driverError' in error ? sqliteCode(error.driverError) : undefined;
}
