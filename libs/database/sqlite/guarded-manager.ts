import {
  EntityManager,
  QueryFailedError,
  QueryResult,
  type DataSource,
  type QueryRunner,
} from 'typeorm';
import { TransactionControlError, sqliteCode } from '../database-errors';
import type { SqlValue } from '../unit-of-work';
import type { Statements } from './statements';

/** Methods of EntityManager that open transactions of their own, and would roll back the group. */
const REFUSED = ['save', 'remove', 'softRemove', 'recover', 'transaction'] as const;

/**
 * TypeORM's manager on one connection, with two differences. What opens or ends a transaction throws
 * TransactionControlError. And a statement runs in the very turn in which it was asked for, right
 * after `assertUsable`: TypeORM's own runner waits a few turns in between, long enough for a forgotten
 * await to land in the next caller's savepoint.
 */
export function guardedManager(
  dataSource: DataSource,
  statements: Statements,
  assertUsable: () => void,
): EntityManager {
  const runner = Object.assign(
    Object.create(dataSource.createQueryRunner()) as QueryRunner,
    guardedRunnerMethods(statements, assertUsable),
  );
  const manager = new EntityManager(dataSource, runner);
  return Object.assign(manager, Object.fromEntries(REFUSED.map((name) => [name, refuse(name)])));
}

function guardedRunnerMethods(statements: Statements, assertUsable: () => void) {
  return {
    query: async (sql: string, parameters: unknown[] = [], isStructured = false) => {
      assertUsable();
      const result = execute(statements, sql, parameters);
      return isStructured ? result : (result.raw as unknown);
    },
    startTransaction: refuse('startTransaction'),
    commitTransaction: refuse('commitTransaction'),
    rollbackTransaction: refuse('rollbackTransaction'),
  };
}

function refuse(name: string) {
  return () => Promise.reject(new TransactionControlError(name));
}

/** Answers in the shape that TypeORM's query builders read. */
function execute(statements: Statements, sql: string, parameters: unknown[]): QueryResult {
  const result = new QueryResult();
  const outcome = executeRedacted(statements, sql, parameters);
  if (outcome.rows === null) {
    result.affected = outcome.changes;
    result.raw = outcome.lastRowId;
  } else {
    result.records = [...outcome.rows];
    result.raw = outcome.rows;
  }
  return result;
}

/** A QueryFailedError as TypeORM throws it, but without the parameters: they may be secrets, and errors are logged. */
function executeRedacted(statements: Statements, sql: string, parameters: unknown[]) {
  try {
    return statements.execute(sql, parameters as SqlValue[]);
  } catch (error) {
    if (sqliteCode(error) === undefined) throw error;
    throw new QueryFailedError(sql, undefined, error as Error);
  }
}
