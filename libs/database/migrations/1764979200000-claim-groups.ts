import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Which groups may hold a task that can be leased, in the order in which queues have their turns. A claim
 * reads the first of each class instead of stepping through all groups. The label of a class that requires
 * several is the first of them: only classes made from here on choose the rarest.
 */
const UP = [
  `CREATE TABLE claim_classes (
    id integer PRIMARY KEY,
    edge_id text NOT NULL,
    kind text NOT NULL,
    requires text NOT NULL,
    label text NOT NULL,
    base real NOT NULL DEFAULT 0,
    UNIQUE (edge_id, kind, requires)
  )`,
  `CREATE INDEX claim_classes_by_label ON claim_classes (edge_id, kind, label)`,
  `CREATE TABLE claim_groups (
    class_id integer NOT NULL REFERENCES claim_classes (id),
    queue text NOT NULL,
    position real NOT NULL,
    is_paused boolean NOT NULL CHECK (is_paused IN (0, 1)),
    PRIMARY KEY (class_id, queue)
  )`,
  `CREATE INDEX claim_groups_next ON claim_groups (class_id, position, queue) WHERE is_paused = 0`,
  `CREATE INDEX claim_groups_of_queue ON claim_groups (queue, class_id)`,
  `INSERT INTO claim_classes (edge_id, kind, requires, label)
     SELECT edge_id, kind, requires, CASE requires WHEN '' THEN '' ELSE
       (SELECT key || '=' || value FROM json_each(requires) LIMIT 1) END
     FROM (SELECT DISTINCT coalesce(assigned_edge_id, '') AS edge_id, kind,
             substr(claim_group, length(kind) + length(queue) + 3) AS requires
           FROM tasks WHERE status = 'queued' AND is_due = 1)`,
  `INSERT INTO claim_groups (class_id, queue, position, is_paused)
     SELECT DISTINCT claim_classes.id, tasks.queue, 0, queues.is_paused
     FROM tasks JOIN queues ON queues.name = tasks.queue
     JOIN claim_classes ON claim_classes.edge_id = coalesce(tasks.assigned_edge_id, '')
       AND claim_classes.kind = tasks.kind
       AND claim_classes.requires = substr(tasks.claim_group, length(tasks.kind) + length(tasks.queue) + 3)
     WHERE tasks.status = 'queued' AND tasks.is_due = 1`,
];

const DOWN = [`DROP TABLE claim_groups`, `DROP TABLE claim_classes`];

export class ClaimGroups1764979200000 implements MigrationInterface {
  readonly name = 'ClaimGroups1764979200000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
