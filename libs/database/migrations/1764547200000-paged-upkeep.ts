import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What walks through many rows does it a page at a time, and comes to an end. */
const UP = [
  // Many jobs end in the same millisecond: a page ends between two of them.
  `DROP INDEX jobs_expiring`,
  `CREATE INDEX jobs_expiring ON jobs (expires_at, id)
     WHERE expires_at IS NOT NULL AND is_pinned = 0 AND hidden_at IS NULL`,
  `DROP INDEX jobs_hidden`,
  `CREATE INDEX jobs_hidden ON jobs (hidden_at, id) WHERE hidden_at IS NOT NULL`,

  // A pass that is open reads what there is by now, and not what comes while it reads.
  `ALTER TABLE artifact_scrub ADD COLUMN end_key text NOT NULL DEFAULT ''`,
  `UPDATE artifact_scrub SET end_key = coalesce((SELECT max(key) FROM blobs), '')`,

  `CREATE TABLE input_totals (
    id integer PRIMARY KEY NOT NULL CHECK (id = 1),
    inputs integer NOT NULL,
    bytes integer NOT NULL
  )`,
  `INSERT INTO input_totals (id, inputs, bytes)
     SELECT 1, count(*), (SELECT coalesce(sum(size), 0) FROM input_blobs)
     FROM inputs WHERE stored_at IS NOT NULL HAVING count(*) > 0`,
];

const DOWN = [
  `DROP TABLE input_totals`,
  `ALTER TABLE artifact_scrub DROP COLUMN end_key`,
  `DROP INDEX jobs_hidden`,
  `CREATE INDEX jobs_hidden ON jobs (hidden_at) WHERE hidden_at IS NOT NULL`,
  `DROP INDEX jobs_expiring`,
  `CREATE INDEX jobs_expiring ON jobs (expires_at)
     WHERE expires_at IS NOT NULL AND is_pinned = 0 AND hidden_at IS NULL`,
];

export class PagedUpkeep1764547200000 implements MigrationInterface {
  readonly name = 'PagedUpkeep1764547200000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
