import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the limits of tasks and jobs are held against, kept in rows: counting the artifacts of a job anew with each
 * upload made a job of many tasks cost the square of what it has.
 */
const UP = [
  // Neither refers to the job, nor is checked to be above zero: a wrong figure must never keep a job from being removed.
  `CREATE TABLE job_artifact_usage (
    job_id text PRIMARY KEY NOT NULL,
    artifacts integer NOT NULL,
    bytes integer NOT NULL
  )`,
  `INSERT INTO job_artifact_usage (job_id, artifacts, bytes)
     SELECT job_id, count(*), sum(size) FROM artifacts GROUP BY job_id`,
  `CREATE TABLE lease_artifact_usage (
    task_id text NOT NULL,
    lease_token text NOT NULL,
    artifacts integer NOT NULL,
    bytes integer NOT NULL,
    PRIMARY KEY (task_id, lease_token)
  )`,
  `INSERT INTO lease_artifact_usage (task_id, lease_token, artifacts, bytes)
     SELECT task_id, lease_token, count(*), sum(size) FROM artifacts
     WHERE state = 'staged' AND task_id IS NOT NULL GROUP BY task_id, lease_token`,
];

const DOWN = [`DROP TABLE lease_artifact_usage`, `DROP TABLE job_artifact_usage`];

export class ArtifactUsage1764460800000 implements MigrationInterface {
  readonly name = 'ArtifactUsage1764460800000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
