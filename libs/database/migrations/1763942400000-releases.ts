import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Releases of the edge agent: signed manifests of upgrade packages. The packages lie elsewhere. */
const UP = [
  `CREATE TABLE releases (
    id text PRIMARY KEY NOT NULL,
    version text NOT NULL,
    channel text NOT NULL,
    platform text NOT NULL,
    url text NOT NULL,
    size integer NOT NULL CHECK (size >= 1),
    sha256 text NOT NULL,
    signature text NOT NULL,
    key_id text NOT NULL,
    notes text,
    is_halted boolean NOT NULL DEFAULT 0 CHECK (is_halted IN (0, 1)),
    created_at integer NOT NULL
  )`,
  // Two packages under one name could not be told apart by an edge that runs one of them.
  `CREATE UNIQUE INDEX releases_name ON releases (channel, platform, version)`,
  `CREATE INDEX releases_newest ON releases (created_at, id)`,
];

const DOWN = [`DROP TABLE releases`];

export class Releases1763942400000 implements MigrationInterface {
  readonly name = 'Releases1763942400000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
