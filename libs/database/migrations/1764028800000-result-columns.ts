import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Result rows by number instead of by two uuid texts, and their metrics a second time as columns
 * (ADR-0018).
 *
 * A row set holds the rows of one lease and of those that adopted them; `tasks.row_set_id` says which
 * set counts. Before, a set was `(task_id, row_set)`, repeated in every row and twice in its indexes.
 * Rows that are here already keep their ids, and are not made into columns: queries read what no
 * column holds (ids beyond `folded_through`) from the rows themselves.
 */
const UP = [
  `CREATE TABLE row_sets (
    id integer PRIMARY KEY AUTOINCREMENT NOT NULL,
    task_id text NOT NULL,
    job_id text NOT NULL REFERENCES jobs (id),
    is_discarded boolean NOT NULL DEFAULT 0 CHECK (is_discarded IN (0, 1)),
    folded_through integer NOT NULL DEFAULT 0,
    folded_rows integer NOT NULL DEFAULT 0 CHECK (folded_rows >= 0)
  )`,
  `CREATE INDEX row_sets_of_job ON row_sets (job_id, id)`,
  `CREATE INDEX row_sets_discarded ON row_sets (id) WHERE is_discarded = 1`,
  `ALTER TABLE tasks ADD COLUMN row_set_id integer`,

  // ── what is there ────────────────────────────────────────────────────────────────────────────
  `ALTER TABLE result_rows RENAME TO old_result_rows`,
  `DROP INDEX result_rows_of_job`,
  `CREATE TABLE numbered_row_sets (
    id integer PRIMARY KEY NOT NULL,
    task_id text NOT NULL,
    row_set integer NOT NULL,
    job_id text NOT NULL,
    UNIQUE (task_id, row_set)
  )`,
  `INSERT INTO numbered_row_sets (task_id, row_set, job_id)
     SELECT task_id, row_set, min(job_id) FROM old_result_rows GROUP BY task_id, row_set`,
  `INSERT INTO row_sets (id, task_id, job_id, is_discarded)
     SELECT numbered.id, numbered.task_id, numbered.job_id, numbered.row_set <> tasks.row_set
     FROM numbered_row_sets AS numbered JOIN tasks ON tasks.id = numbered.task_id`,
  `UPDATE tasks SET row_set_id =
     (SELECT id FROM numbered_row_sets AS numbered
      WHERE numbered.task_id = tasks.id AND numbered.row_set = tasks.row_set)`,
  `CREATE TABLE result_rows (
    id integer PRIMARY KEY AUTOINCREMENT NOT NULL,
    set_id integer NOT NULL REFERENCES row_sets (id),
    config_id text NOT NULL,
    config text NOT NULL,
    metrics text NOT NULL,
    UNIQUE (set_id, config_id)
  )`,
  `INSERT INTO result_rows (id, set_id, config_id, config, metrics)
     SELECT old.id, numbered.id, old.config_id, old.config, old.metrics
     FROM old_result_rows AS old
     JOIN numbered_row_sets AS numbered
       ON numbered.task_id = old.task_id AND numbered.row_set = old.row_set
     ORDER BY old.id`,
  `CREATE INDEX result_rows_of_set ON result_rows (set_id, id)`,
  `DROP TABLE old_result_rows`,
  `DROP TABLE numbered_row_sets`,
  `DROP TABLE discarded_row_sets`,
  `ALTER TABLE tasks DROP COLUMN row_set`,

  // ── metric columns ───────────────────────────────────────────────────────────────────────────
  `CREATE TABLE metric_chunks (
    id integer PRIMARY KEY AUTOINCREMENT NOT NULL,
    set_id integer NOT NULL REFERENCES row_sets (id),
    first_row_id integer NOT NULL,
    row_count integer NOT NULL CHECK (row_count >= 1),
    row_ids blob,
    is_partial boolean NOT NULL DEFAULT 0 CHECK (is_partial IN (0, 1)),
    UNIQUE (set_id, first_row_id)
  )`,
  `CREATE TABLE metric_columns (
    chunk_id integer NOT NULL REFERENCES metric_chunks (id),
    metric text NOT NULL,
    vals blob NOT NULL,
    PRIMARY KEY (chunk_id, metric)
  )`,
];

const DOWN = [
  `DROP TABLE metric_columns`,
  `DROP TABLE metric_chunks`,
  `CREATE TABLE discarded_row_sets (
    task_id text NOT NULL REFERENCES tasks (id),
    row_set integer NOT NULL,
    PRIMARY KEY (task_id, row_set)
  )`,
  `ALTER TABLE tasks ADD COLUMN row_set integer NOT NULL DEFAULT 0`,
  // The number of a set is its id from now on; one more than any is a set without rows.
  `UPDATE tasks SET row_set = coalesce(row_set_id, (SELECT max(id) + 1 FROM row_sets), 0)`,
  `INSERT INTO discarded_row_sets (task_id, row_set)
     SELECT task_id, id FROM row_sets WHERE is_discarded = 1`,
  `ALTER TABLE result_rows RENAME TO old_result_rows`,
  `DROP INDEX result_rows_of_set`,
  `CREATE TABLE result_rows (
    id integer PRIMARY KEY AUTOINCREMENT NOT NULL,
    task_id text NOT NULL REFERENCES tasks (id),
    row_set integer NOT NULL,
    config_id text NOT NULL,
    job_id text NOT NULL,
    config text NOT NULL,
    metrics text NOT NULL,
    UNIQUE (task_id, row_set, config_id)
  )`,
  `INSERT INTO result_rows (id, task_id, row_set, config_id, job_id, config, metrics)
     SELECT old.id, row_sets.task_id, old.set_id, old.config_id, row_sets.job_id, old.config, old.metrics
     FROM old_result_rows AS old JOIN row_sets ON row_sets.id = old.set_id
     ORDER BY old.id`,
  `CREATE INDEX result_rows_of_job ON result_rows (job_id, id)`,
  `DROP TABLE old_result_rows`,
  `ALTER TABLE tasks DROP COLUMN row_set_id`,
  `DROP TABLE row_sets`,
];

export class ResultColumns1764028800000 implements MigrationInterface {
  readonly name = 'ResultColumns1764028800000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
