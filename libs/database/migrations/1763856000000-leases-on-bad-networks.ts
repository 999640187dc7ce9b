import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Claiming by groups, the grace of a lease after a start, and tasks that stand still.
 *
 * Tasks that the same edges can run, in the same queue, form a claim group (`kind`, `queue` and
 * `requires`, a line each). A claim lists the groups by skipping from one to the next in the index, so
 * that a million tasks which this edge cannot run, or whose time has not come (`is_due = 0`), cost
 * nothing. `task_requirements` was what the claim read before.
 */
const UP = [
  // ── which tasks can be leased ────────────────────────────────────────────────────────────────
  `ALTER TABLE tasks ADD COLUMN claim_group text NOT NULL DEFAULT ''`,
  `ALTER TABLE tasks ADD COLUMN is_due boolean NOT NULL DEFAULT 0 CHECK (is_due IN (0, 1))`,
  `UPDATE tasks SET claim_group = kind || char(10) || queue || char(10) || coalesce(requires, '')`,
  `UPDATE tasks SET is_due = 1 WHERE status = 'queued' AND available_at <= created_at`,
  `DROP INDEX tasks_claimable`,
  `DROP INDEX tasks_claimable_assigned`,
  `DROP INDEX tasks_next_available`,
  `CREATE INDEX tasks_claimable ON tasks (claim_group, priority DESC, id)
     WHERE status = 'queued' AND is_due = 1 AND assigned_edge_id IS NULL`,
  `CREATE INDEX tasks_claimable_assigned ON tasks (assigned_edge_id, claim_group, priority DESC, id)
     WHERE status = 'queued' AND is_due = 1 AND assigned_edge_id IS NOT NULL`,
  `CREATE INDEX tasks_next_available ON tasks (available_at) WHERE status = 'queued' AND is_due = 0`,
  `DROP TABLE task_requirements`,

  // ── what ends by the clock ───────────────────────────────────────────────────────────────────
  // A task that was leased in time is not looked at again: its deadline is gone.
  `UPDATE tasks SET start_by_at = NULL WHERE attempt > 0`,
  `DROP INDEX tasks_timing`,
  `CREATE INDEX tasks_timing ON tasks ((leased_at + timeout_seconds * 1000))
     WHERE status = 'leased' AND timeout_seconds IS NOT NULL`,
  `CREATE INDEX tasks_revivable ON tasks (revivable_token) WHERE revivable_token IS NOT NULL`,

  // ── the grace after a start ──────────────────────────────────────────────────────────────────
  `ALTER TABLE tasks ADD COLUMN is_graced boolean NOT NULL DEFAULT 0 CHECK (is_graced IN (0, 1))`,

  // ── alive or advancing ───────────────────────────────────────────────────────────────────────
  `ALTER TABLE jobs ADD COLUMN stall_seconds integer CHECK (stall_seconds >= 1)`,
  `ALTER TABLE jobs ADD COLUMN on_stall text NOT NULL DEFAULT 'mark' CHECK (on_stall IN ('mark', 'fail'))`,
  `ALTER TABLE tasks ADD COLUMN stall_seconds integer CHECK (stall_seconds >= 1)`,
  `ALTER TABLE tasks ADD COLUMN fails_on_stall boolean NOT NULL DEFAULT 0 CHECK (fails_on_stall IN (0, 1))`,
  `ALTER TABLE tasks ADD COLUMN stall_due_at integer`,
  `ALTER TABLE tasks ADD COLUMN stalled_at integer`,
  `ALTER TABLE tasks ADD COLUMN progress_rate real`,
  `CREATE INDEX tasks_stalling ON tasks (stall_due_at) WHERE status = 'leased' AND stall_due_at IS NOT NULL`,
  `CREATE INDEX tasks_stalled ON tasks (stalled_at) WHERE status = 'leased' AND stalled_at IS NOT NULL`,

  // ── what came too late ───────────────────────────────────────────────────────────────────────
  `CREATE INDEX late_writes_newest ON late_writes (created_at, id)`,
];

const DOWN = [
  `DROP INDEX late_writes_newest`,
  `DROP INDEX tasks_stalled`,
  `DROP INDEX tasks_stalling`,
  ...['progress_rate', 'stalled_at', 'stall_due_at', 'fails_on_stall', 'stall_seconds'].map(
    (column) => `ALTER TABLE tasks DROP COLUMN ${column}`,
  ),
  `ALTER TABLE jobs DROP COLUMN on_stall`,
  `ALTER TABLE jobs DROP COLUMN stall_seconds`,
  `ALTER TABLE tasks DROP COLUMN is_graced`,
  `DROP INDEX tasks_revivable`,
  `DROP INDEX tasks_timing`,
  `CREATE INDEX tasks_timing ON tasks (leased_at) WHERE status = 'leased' AND timeout_seconds IS NOT NULL`,
  `CREATE TABLE task_requirements (
    task_id text NOT NULL REFERENCES tasks (id),
    label text NOT NULL,
    PRIMARY KEY (task_id, label)
  )`,
  `INSERT INTO task_requirements (task_id, label)
     SELECT tasks.id, required.key || '=' || required.value FROM tasks, json_each(tasks.requires) AS required
     WHERE tasks.requires IS NOT NULL`,
  `DROP INDEX tasks_next_available`,
  `DROP INDEX tasks_claimable_assigned`,
  `DROP INDEX tasks_claimable`,
  `ALTER TABLE tasks DROP COLUMN is_due`,
  `ALTER TABLE tasks DROP COLUMN claim_group`,
  `CREATE INDEX tasks_claimable ON tasks (kind, priority DESC, id) WHERE status = 'queued' AND assigned_edge_id IS NULL`,
  `CREATE INDEX tasks_claimable_assigned ON tasks (assigned_edge_id, kind, priority DESC, id) WHERE status = 'queued' AND assigned_edge_id IS NOT NULL`,
  `CREATE INDEX tasks_next_available ON tasks (available_at) WHERE status = 'queued'`,
];

export class LeasesOnBadNetworks1763856000000 implements MigrationInterface {
  readonly name = 'LeasesOnBadNetworks1763856000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
