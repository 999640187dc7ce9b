import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What services upload before they submit. Whether bytes and inputs are still wanted is counted in the
 * row that they hang on (`refs`, `holds`), so that taking hold and letting go are guarded updates of one
 * row: whichever comes second sees what the first did, on any database.
 */
const UP = [
  // ── bytes, once for all inputs that have them ────────────────────────────────────────────────
  `CREATE TABLE input_blobs (
    sha256 text PRIMARY KEY NOT NULL,
    blob_key text NOT NULL REFERENCES blobs (key),
    size integer NOT NULL CHECK (size >= 0),
    refs integer NOT NULL CHECK (refs >= 0)
  )`,
  `CREATE UNIQUE INDEX input_blobs_blob ON input_blobs (blob_key)`,
  `CREATE TABLE inputs (
    id text PRIMARY KEY NOT NULL,
    content_type text NOT NULL,
    announced_size integer CHECK (announced_size >= 0),
    announced_sha256 text,
    sha256 text REFERENCES input_blobs (sha256),
    size integer CHECK (size >= 0),
    ttl_seconds integer NOT NULL CHECK (ttl_seconds >= 1),
    holds integer NOT NULL DEFAULT 0 CHECK (holds >= 0),
    created_by text,
    created_at integer NOT NULL,
    stored_at integer,
    expires_at integer NOT NULL,
    hidden_at integer,
    CHECK ((stored_at IS NULL) = (sha256 IS NULL)),
    CHECK ((stored_at IS NULL) = (size IS NULL)),
    CHECK (stored_at IS NOT NULL OR holds = 0)
  )`,
  `CREATE INDEX inputs_expiring ON inputs (expires_at) WHERE holds = 0`,
  `CREATE INDEX inputs_of_blob ON inputs (sha256) WHERE sha256 IS NOT NULL`,

  // ── which jobs hold them ─────────────────────────────────────────────────────────────────────
  `CREATE TABLE job_inputs (
    job_id text NOT NULL REFERENCES jobs (id),
    name text NOT NULL,
    input_id text NOT NULL REFERENCES inputs (id),
    PRIMARY KEY (job_id, name)
  )`,
  `CREATE INDEX job_inputs_of_input ON job_inputs (input_id)`,
  `CREATE TABLE task_inputs (
    task_id text NOT NULL REFERENCES tasks (id),
    name text NOT NULL,
    input_id text NOT NULL REFERENCES inputs (id),
    PRIMARY KEY (task_id, name)
  )`,
  `CREATE INDEX task_inputs_of_input ON task_inputs (input_id)`,
  `ALTER TABLE tasks ADD COLUMN has_inputs boolean NOT NULL DEFAULT 0 CHECK (has_inputs IN (0, 1))`,
];

const DOWN = [
  `ALTER TABLE tasks DROP COLUMN has_inputs`,
  `DROP TABLE task_inputs`,
  `DROP TABLE job_inputs`,
  `DROP TABLE inputs`,
  // Their bytes go with the next sweep.
  `UPDATE blobs SET released_at = 0 WHERE released_at IS NULL AND key IN (SELECT blob_key FROM input_blobs)`,
  `DROP TABLE input_blobs`,
];

export class Inputs1764201600000 implements MigrationInterface {
  readonly name = 'Inputs1764201600000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
