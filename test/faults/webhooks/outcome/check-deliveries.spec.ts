import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Ledger } from '../ledger';
import { checkDeliveries } from './check-deliveries';

const LEDGER: Ledger = {
  endpoints: [],
  jobs: [{ jobId: 'j', runs: 2, paths: ['/own', '/standing'] }],
  arrivals: [],
};

/** The judge reads three columns of two tables. */
describe('the judge of recorded deliveries', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'foreman-judge-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  function judged(damage: string): string[] {
    const file = join(folder, 'a.db');
    const database = new Database(file);
    database.exec(`
      CREATE TABLE deliveries (id text, status text);
      CREATE TABLE delivery_attempts (delivery_id text, status_code integer);
      INSERT INTO deliveries VALUES ('1', 'delivered'), ('2', 'delivered'), ('3', 'delivered'), ('4', 'delivered');
      INSERT INTO delivery_attempts VALUES ('1', 500), ('1', 204), ('2', 204), ('3', 204), ('4', 204);
      ${damage}`);
    database.close();
    return checkDeliveries(file, LEDGER);
  }

  it.each<[string, string, string[]]>([
    ['nothing where all is well', '', []],
    [
      'one that is missing',
      `DELETE FROM deliveries WHERE id = '2'`,
      ['the file has 3 deliveries, and 4 are owed'],
    ],
    [
      'one too many',
      `INSERT INTO deliveries VALUES ('5', 'delivered'); INSERT INTO delivery_attempts VALUES ('5', 204)`,
      ['the file has 5 deliveries, and 4 are owed'],
    ],
    [
      'one that was given up',
      `UPDATE deliveries SET status = 'exhausted' WHERE id = '3'`,
      ['1 deliveries are not recorded as delivered'],
    ],
    [
      'one that nobody has taken',
      `DELETE FROM delivery_attempts WHERE delivery_id = '1' AND status_code = 204`,
      ['1 deliveries have no attempt that was answered 204'],
    ],
  ])('finds %s', (_what, damage, findings) => {
    expect(judged(damage)).toEqual(findings);
  });
});
