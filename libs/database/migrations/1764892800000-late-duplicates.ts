import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What tells a copy of an older call, which the network has delayed, from a new one. */
const UP = [
  // A key belongs to the lease, which its attempt names: it is worth nothing once the lease is over.
  `CREATE TABLE lease_keys (
    task_id text NOT NULL REFERENCES tasks (id),
    attempt integer NOT NULL,
    number integer NOT NULL,
    call text NOT NULL,
    idempotency_key text NOT NULL,
    body_sha256 text NOT NULL,
    PRIMARY KEY (task_id, attempt, call, idempotency_key)
  )`,
  `CREATE UNIQUE INDEX lease_keys_in_order ON lease_keys (task_id, attempt, number)`,
  `ALTER TABLE tasks ADD COLUMN progress_attempt integer`,
  `ALTER TABLE tasks ADD COLUMN progress_sequence integer`,
];

const DOWN = [
  `ALTER TABLE tasks DROP COLUMN progress_sequence`,
  `ALTER TABLE tasks DROP COLUMN progress_attempt`,
  `DROP TABLE lease_keys`,
];

export class LateDuplicates1764892800000 implements MigrationInterface {
  readonly name = 'LateDuplicates1764892800000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
