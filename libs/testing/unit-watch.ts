import type { Lane, SqlValue, Tx, UnitOfWork } from '@foreman/database';

/** One statement of a unit of work. */
export interface WatchedStatement {
  readonly sql: string;
  readonly params: readonly SqlValue[];
  /** That it answered, or changed. */
  readonly rows: number;
}

/** One unit of work: what nobody else writes between. */
export interface WatchedUnit {
  readonly lane: Lane | undefined;
  readonly statements: readonly WatchedStatement[];
}

/** From here on, all units of work with their statements, but for those through `tx.manager` and `tx.insert`. */
export function watchUnits(unitOfWork: UnitOfWork): readonly WatchedUnit[] {
  const units: WatchedUnit[] = [];
  const run = unitOfWork.run.bind(unitOfWork);
  unitOfWork.run = (work, lane) => {
    const statements: WatchedStatement[] = [];
    units.push({ lane, statements });
    return run((tx) => work(watchedTx(tx, statements)), lane);
  };
  return units;
}

function watchedTx(tx: Tx, statements: WatchedStatement[]): Tx {
  const note = (sql: string, params: readonly SqlValue[], rows: number) =>
    void statements.push({ sql, params, rows });
  const query: Tx['query'] = async <Row>(sql: string, params: readonly SqlValue[] = []) => {
    const rows = await tx.query<Row>(sql, params);
    note(sql, params, rows.length);
    return rows;
  };
  const entities: Tx['entities'] = async (entity, sql, params = []) => {
    const found = await tx.entities(entity, sql, params);
    note(sql, params, found.length);
    return found;
  };
  const execute: Tx['execute'] = async (sql, params = []) => {
    const rows = await tx.execute(sql, params);
    note(sql, params, rows);
    return rows;
  };
  return new Proxy(tx, {
    get(target, name) {
      if (name === 'query') return query;
      if (name === 'entities') return entities;
      if (name === 'execute') return execute;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
