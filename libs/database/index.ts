export { BadOnesApart } from './bad-ones-apart';
export type { Apart } from './bad-ones-apart';
export { Database } from './database';
export type { DatabaseSizes } from './database';
export { DatabaseModule } from './database.module';
export type { DatabaseOptions } from './database.options';
export {
  DatabaseLockedError,
  NestedUnitOfWorkError,
  NewerSchemaError,
  TransactionClosedError,
  TransactionControlError,
  TransactionLostError,
  UnitOfWorkTimeoutError,
  isOfTheDatabase,
} from './database-errors';
export {
  EpochMsColumn,
  FlagColumn,
  IdColumn,
  IntegerColumn,
  JsonColumn,
  RealColumn,
  TextColumn,
} from './columns';
export { registerEntities } from './entity-registry';
export { sqlList, sqlRows } from './sql-list';
export { StoredTimes } from './stored-times';
export type { StoredTimesShift } from './stored-times';
export { ReadConnection, UnitOfWork } from './unit-of-work';
export type { InsertedRow, Lane, Queryable, SqlValue, Tx } from './unit-of-work';
