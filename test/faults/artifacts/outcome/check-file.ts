import { sha256Hex } from '@foreman/kernel';
import Database from 'better-sqlite3';

/** A statement whose every row is a finding; `what` is its first column. */
interface Rule {
  /** What must not be. */
  readonly finding: string;
  readonly sql: string;
}

/** Whatever names a blob. */
const OWNERS = `
  SELECT blob_key, size, sha256 FROM artifacts
  UNION ALL SELECT blob_key, size, sha256 FROM input_blobs`;

const HELD = `
  SELECT input_id FROM job_inputs UNION ALL SELECT input_id FROM task_inputs`;

/** After a sweep with nothing under way. */
const RULES: readonly Rule[] = [
  {
    finding: 'a blob without an owner',
    sql: `SELECT key AS what FROM blobs WHERE key NOT IN (SELECT blob_key FROM (${OWNERS}))`,
  },
  {
    finding: 'a chunk without a blob',
    sql: `SELECT DISTINCT blob_key AS what FROM blob_chunks WHERE blob_key NOT IN (SELECT key FROM blobs)`,
  },
  {
    finding: 'an owner without its blob',
    sql: `SELECT blob_key AS what FROM (${OWNERS}) WHERE blob_key NOT IN (SELECT key FROM blobs)`,
  },
  {
    finding: 'two owners of one blob',
    sql: `SELECT blob_key AS what FROM (${OWNERS}) GROUP BY 1 HAVING count(*) > 1`,
  },
  {
    finding: 'a blob that was never finished, or is to be deleted',
    sql: `SELECT key AS what FROM blobs WHERE size IS NULL OR released_at IS NOT NULL`,
  },
  {
    finding: 'a blob of another size than its owner says',
    sql: `SELECT key AS what FROM blobs JOIN (${OWNERS}) AS owner ON owner.blob_key = key
          WHERE owner.size <> blobs.size`,
  },
  {
    finding: 'bytes of another length than their blob',
    sql: `SELECT key AS what FROM blobs LEFT JOIN blob_chunks ON blob_key = key
          GROUP BY key HAVING coalesce(sum(length(bytes)), 0) <> size`,
  },
  {
    finding: 'chunks that do not follow each other',
    sql: `SELECT blob_key AS what FROM
            (SELECT blob_key, start_byte, coalesce(lag(start_byte + length(bytes))
               OVER (PARTITION BY blob_key ORDER BY start_byte), 0) AS expected FROM blob_chunks)
          WHERE start_byte <> expected`,
  },
  {
    finding: 'an artifact without its job',
    sql: `SELECT id AS what FROM artifacts WHERE job_id NOT IN (SELECT id FROM jobs)`,
  },
  {
    finding: 'an artifact that is staged for a task that is over',
    sql: `SELECT artifacts.id AS what FROM artifacts LEFT JOIN tasks ON tasks.id = task_id
          WHERE state = 'staged' AND (tasks.status IS NULL OR tasks.status NOT IN ('queued', 'leased'))`,
  },
  {
    finding: 'an artifact that is published for a task that has not completed',
    sql: `SELECT artifacts.id AS what FROM artifacts LEFT JOIN tasks ON tasks.id = task_id
          WHERE state = 'published' AND task_id IS NOT NULL AND tasks.status IS NOT 'completed'`,
  },
  {
    finding: 'a job that is hidden and not removed',
    sql: `SELECT id AS what FROM jobs WHERE hidden_at IS NOT NULL`,
  },
  {
    finding: 'a job that has completed without its completion',
    sql: `SELECT id AS what FROM jobs WHERE status = 'completed' AND NOT EXISTS
            (SELECT 1 FROM artifacts WHERE job_id = jobs.id AND state = 'published' AND name = 'completion')`,
  },
  {
    finding: 'bytes of inputs with a wrong count of inputs',
    sql: `SELECT sha256 AS what FROM input_blobs
          WHERE refs <> (SELECT count(*) FROM inputs WHERE inputs.sha256 = input_blobs.sha256)`,
  },
  {
    finding: 'an input with a wrong count of holds',
    sql: `SELECT id AS what FROM inputs WHERE holds <> (SELECT count(*) FROM (${HELD}) WHERE input_id = id)`,
  },
  {
    finding: 'a total that is not the sum of its artifacts',
    sql: `SELECT kind || ', ' || queue || ', ' || state AS what FROM
            (SELECT kind, queue, state, 1 AS number, size AS bytes FROM artifacts
               JOIN jobs ON jobs.id = job_id
             UNION ALL SELECT kind, queue, state, -artifacts, -bytes FROM artifact_totals)
          GROUP BY kind, queue, state HAVING sum(number) <> 0 OR sum(bytes) <> 0`,
  },
  {
    finding: "a job's count that is not that of its artifacts",
    sql: countsUnlike({
      by: ['job_id'],
      scan: 'SELECT job_id, 1 AS number, size AS bytes FROM artifacts',
      counts: 'SELECT job_id, artifacts AS number, bytes FROM job_artifact_usage',
    }),
  },
  {
    finding: "a lease's count that is not that of what it has staged",
    sql: countsUnlike({
      by: ['task_id', 'lease_token'],
      scan: `SELECT task_id, lease_token, 1 AS number, size AS bytes FROM artifacts WHERE state = 'staged'`,
      counts: 'SELECT task_id, lease_token, artifacts AS number, bytes FROM lease_artifact_usage',
    }),
  },
  {
    finding: 'a total that is not that of the inputs',
    sql: countsUnlike({
      by: ['id'],
      scan: `SELECT 1 AS id, 1 AS number, 0 AS bytes FROM inputs WHERE stored_at IS NOT NULL
             UNION ALL SELECT 1, 0, size FROM input_blobs`,
      counts: 'SELECT id, inputs AS number, bytes FROM input_totals',
    }),
  },
  {
    finding: 'a blob that is marked as damaged',
    sql: `SELECT blob_key AS what FROM corrupt_blobs`,
  },
];

/** What is counted in rows, and the same by a scan of everything; `by` is what it is counted by. */
interface Counted {
  readonly by: readonly string[];
  /** Both answer the columns of `by`, `number` and `bytes`. */
  readonly scan: string;
  readonly counts: string;
}

/** Also a row that counts nothing: it is to go with the last that it counted. */
function countsUnlike({ by, scan, counts }: Counted): string {
  const columns = by.join(', ');
  return `
    SELECT ${by.join(` || ', ' || `)} AS what FROM
      (SELECT ${columns}, number, bytes, 1 AS is_there FROM (${scan})
       UNION ALL SELECT ${columns}, -number, -bytes, 0 FROM (${counts}))
    GROUP BY ${columns} HAVING sum(number) <> 0 OR sum(bytes) <> 0 OR max(is_there) = 0`;
}

interface OwnerRow {
  readonly blob_key: string;
  readonly sha256: string;
}

/** Judges the file of a gateway that has stopped, after a sweep: what in it is damaged, left over or miscounted. */
export function checkFile(file: string): string[] {
  const database = new Database(file, { readonly: true, fileMustExist: true });
  try {
    return [
      ...integrityFindings(database),
      ...RULES.flatMap(({ finding, sql }) =>
        database
          .prepare<[], { what: string }>(sql)
          .all()
          .map(({ what }) => `${finding}: ${what}`),
      ),
      ...digestFindings(database),
    ];
  } finally {
    database.close();
  }
}

/** How many rows everything that belongs to bytes has: none once all has been pruned. */
export function countLeft(file: string): Record<string, number> {
  const database = new Database(file, { readonly: true, fileMustExist: true });
  try {
    return Object.fromEntries(
      [
        'artifacts',
        'blobs',
        'blob_chunks',
        'inputs',
        'input_blobs',
        'jobs',
        'job_artifact_usage',
        'lease_artifact_usage',
        'input_totals',
      ].map((table) => [
        table,
        Number(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get()),
      ]),
    );
  } finally {
    database.close();
  }
}

function integrityFindings(database: Database.Database): string[] {
  const told = database.prepare<[], string>('PRAGMA integrity_check').pluck().all();
  const broken = database.prepare<[], { table: string }>('PRAGMA foreign_key_check').all();
  return [
    ...told.filter((line) => line !== 'ok').map((line) => `integrity_check: ${line}`),
    ...broken.map(({ table }) => `foreign_key_check: a row of ${table}`),
  ];
}

function digestFindings(database: Database.Database): string[] {
  const chunks = database
    .prepare<[string], Buffer>(
      'SELECT bytes FROM blob_chunks WHERE blob_key = ? ORDER BY start_byte',
    )
    .pluck();
  return database
    .prepare<[], OwnerRow>(OWNERS)
    .all()
    .filter(({ blob_key: key, sha256 }) => sha256Hex(Buffer.concat(chunks.all(key))) !== sha256)
    .map(({ blob_key: key }) => `bytes of another digest than their owner says: ${key}`);
}
