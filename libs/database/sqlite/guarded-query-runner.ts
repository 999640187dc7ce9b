import { EntityManager, type DataSource, type QueryRunner } from 'typeorm';
import { TransactionControlError } from '../database-errors';

/**
 * TypeORM's manager for one unit of work. Every statement first passes `assertUsable`, and what
 * would open or end a transaction (`save`, `remove`, `manager.transaction`) throws.
 */
export function guardedManager(dataSource: DataSource, assertUsable: () => void): EntityManager {
  const shared = dataSource.createQueryRunner();
  const refuse = (name: string) => () => Promise.reject(new TransactionControlError(name));
  const overrides: Partial<QueryRunner> = {
    query: async (sql: string, parameters?: unknown[], structured?: boolean) => {
      assertUsable();
      return structured === true
        ? shared.query(sql, parameters, true)
        : shared.query(sql, parameters);
    },
    startTransaction: refuse('startTransaction'),
    commitTransaction: refuse('commitTransaction'),
    rollbackTransaction: refuse('rollbackTransaction'),
  };
  return new EntityManager(
    dataSource,
    Object.assign(Object.create(shared) as QueryRunner, overrides),
  );
}
