import Database from 'better-sqlite3';
import type { Ledger } from '../ledger';

/** What is wrong with the deliveries in the file of a gateway that has stopped: each is there once, and delivered. */
export function checkDeliveries(file: string, { jobs }: Ledger): string[] {
  const database = new Database(file, { readonly: true, fileMustExist: true });
  try {
    const owed = jobs.reduce((sum, { runs, paths }) => sum + runs * paths.length, 0);
    const count = (sql: string) => Number(database.prepare(sql).pluck().get());
    const findings: string[] = [];
    const all = count('SELECT count(*) FROM deliveries');
    if (all !== owed) findings.push(`the file has ${all} deliveries, and ${owed} are owed`);
    const open = count(`SELECT count(*) FROM deliveries WHERE status <> 'delivered'`);
    if (open > 0) findings.push(`${open} deliveries are not recorded as delivered`);
    const bare = count(
      `SELECT count(*) FROM deliveries WHERE NOT EXISTS (SELECT 1 FROM delivery_attempts
         WHERE delivery_id = deliveries.id AND status_code = 204)`,
    );
    if (bare > 0) findings.push(`${bare} deliveries have no attempt that was answered 204`);
    return findings;
  } finally {
    database.close();
  }
}
