import BetterSqlite3 from 'better-sqlite3';
import type { StatementCount } from './counting.protocol';

/**
 * Loaded into the gateway's process before the gateway itself (`node -r`): counts every call of the
 * SQLite driver, on every connection, and tells the parent when it asks.
 */
const LATEST_KEPT = 5;

let statements = 0;
const latest: string[] = [];

function count(sql: string): void {
  statements += 1;
  latest.unshift(sql);
  if (latest.length > LATEST_KEPT) latest.pop();
}

type Method = (this: { source?: string }, ...params: unknown[]) => unknown;

function countCalls(prototype: object, names: readonly string[]): void {
  const methods = prototype as Record<string, Method>;
  for (const name of names) {
    const original = methods[name];
    if (original === undefined) throw new Error(`The driver has no ${name}()`);
    methods[name] = function (...params) {
      count(this.source ?? String(params[0]));
      return original.apply(this, params);
    };
  }
}

const sample = new BetterSqlite3(':memory:');
countCalls(Object.getPrototypeOf(sample.prepare('SELECT 1')) as object, [
  'run',
  'all',
  'get',
  'iterate',
]);
sample.close();
countCalls(BetterSqlite3.prototype as object, ['exec', 'pragma']);

process.on('message', () => {
  const told: StatementCount = { statements, latest };
  process.send?.(told);
});
// To be asked must not keep the gateway alive.
process.channel?.unref();
