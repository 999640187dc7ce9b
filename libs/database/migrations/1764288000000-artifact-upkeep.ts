import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is told of artifacts, and whether their bytes are still those that came. */
const UP = [
  // ── figures: kept in rows, since counting a million artifacts at each look would hold everyone up ──
  // Not checked to be above zero: a wrong figure must never be what keeps a job from being removed.
  `CREATE TABLE artifact_totals (
    kind text NOT NULL,
    queue text NOT NULL,
    state text NOT NULL CHECK (state IN ('staged', 'published')),
    artifacts integer NOT NULL,
    bytes integer NOT NULL,
    PRIMARY KEY (kind, queue, state)
  )`,
  `INSERT INTO artifact_totals (kind, queue, state, artifacts, bytes)
     SELECT jobs.kind, jobs.queue, artifacts.state, count(*), sum(artifacts.size)
     FROM artifacts JOIN jobs ON jobs.id = artifacts.job_id
     GROUP BY jobs.kind, jobs.queue, artifacts.state`,
  `CREATE INDEX artifacts_oldest ON artifacts (created_at)`,
  `CREATE INDEX artifacts_largest ON artifacts (size)`,
  `CREATE INDEX deliveries_by_status ON deliveries (status)`,

  // ── the scrub: how far it is, and what it found ──────────────────────────────────────────────
  `CREATE TABLE artifact_scrub (
    id integer PRIMARY KEY NOT NULL CHECK (id = 1),
    after_key text NOT NULL,
    started_at integer NOT NULL,
    finished_at integer,
    blobs integer NOT NULL CHECK (blobs >= 0),
    bytes integer NOT NULL CHECK (bytes >= 0),
    corrupt integer NOT NULL CHECK (corrupt >= 0),
    unreadable integer NOT NULL CHECK (unreadable >= 0)
  )`,
  `CREATE TABLE corrupt_blobs (
    blob_key text PRIMARY KEY NOT NULL REFERENCES blobs (key),
    expected_sha256 text NOT NULL,
    found_sha256 text,
    found_at integer NOT NULL
  )`,
];

const DOWN = [
  `DROP TABLE corrupt_blobs`,
  `DROP TABLE artifact_scrub`,
  `DROP INDEX deliveries_by_status`,
  `DROP INDEX artifacts_largest`,
  `DROP INDEX artifacts_oldest`,
  `DROP TABLE artifact_totals`,
];

export class ArtifactUpkeep1764288000000 implements MigrationInterface {
  readonly name = 'ArtifactUpkeep1764288000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
