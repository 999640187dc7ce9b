import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A claim looks only at lanes with something due: deliveries whose time has come say so in their row. */
const UP = [
  `ALTER TABLE deliveries ADD COLUMN is_due boolean NOT NULL DEFAULT 0 CHECK (is_due IN (0, 1))`,
  // Not by their status: the planner would take the index of that, and read all that is pending.
  `DROP INDEX deliveries_due`,
  `CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE next_attempt_at IS NOT NULL AND is_due = 0`,
  `DROP INDEX deliveries_due_by_host`,
  `CREATE INDEX deliveries_due_by_host ON deliveries (host, next_attempt_at, id)
     WHERE next_attempt_at IS NOT NULL AND is_due = 1`,
];

const DOWN = [
  `DROP INDEX deliveries_due_by_host`,
  `CREATE INDEX deliveries_due_by_host ON deliveries (host, next_attempt_at, id) WHERE status = 'pending'`,
  `DROP INDEX deliveries_due`,
  `CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE status = 'pending'`,
  `ALTER TABLE deliveries DROP COLUMN is_due`,
];

export class DueDeliveries1764547200001 implements MigrationInterface {
  readonly name = 'DueDeliveries1764547200001';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
