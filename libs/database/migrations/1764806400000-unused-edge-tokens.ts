import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A table that is made anew loses its indexes: those of every version so far. */
const DROP_INDEXES = ['edges_live_name', 'edges_newest', 'edges_seen', 'edges_former_name'].map(
  (name) => `DROP INDEX ${name}`,
);
const INDEXES = [
  `CREATE UNIQUE INDEX edges_live_name ON edges (name) WHERE revoked_at IS NULL`,
  `CREATE INDEX edges_newest ON edges (created_at, id) WHERE revoked_at IS NULL`,
  `CREATE INDEX edges_seen ON edges (last_seen_at) WHERE revoked_at IS NULL`,
  `CREATE INDEX edges_former_name ON edges (name, revoked_at) WHERE revoked_at IS NOT NULL`,
];

/** All tokens that an edge was given stay good until one of them is used: `edges` has that one alone, or none yet. */
const UP = [
  `ALTER TABLE edges RENAME TO old_edges`,
  ...DROP_INDEXES,
  `CREATE TABLE edges (
    id text PRIMARY KEY NOT NULL,
    name text NOT NULL,
    kinds text NOT NULL,
    labels text NOT NULL,
    token_hash text UNIQUE,
    desired text NOT NULL DEFAULT 'run' CHECK (desired IN ('run', 'drain', 'stop')),
    max_leases integer CHECK (max_leases >= 1),
    agent_version text,
    platform text,
    created_at integer NOT NULL,
    last_seen_at integer,
    revoked_at integer
  )`,
  ...INDEXES,
  `INSERT INTO edges
     SELECT id, name, kinds, labels, iif(token_first_used_at IS NULL, NULL, token_hash), desired, max_leases,
       agent_version, platform, created_at, last_seen_at, revoked_at
     FROM old_edges`,
  `CREATE TABLE unused_edge_tokens (
    id integer PRIMARY KEY AUTOINCREMENT NOT NULL,
    edge_id text NOT NULL REFERENCES edges (id),
    token_hash text NOT NULL UNIQUE,
    is_rotated boolean NOT NULL DEFAULT 0 CHECK (is_rotated IN (0, 1))
  )`,
  `CREATE INDEX unused_edge_tokens_of_edge ON unused_edge_tokens (edge_id, id)`,
  `INSERT INTO unused_edge_tokens (edge_id, token_hash, is_rotated)
     SELECT id, token_hash, 0 FROM old_edges WHERE token_first_used_at IS NULL AND revoked_at IS NULL
     UNION ALL
     SELECT id, next_token_hash, 1 FROM old_edges WHERE next_token_hash IS NOT NULL AND revoked_at IS NULL`,
  `DROP TABLE old_edges`,
];

/** Of several unused tokens the latest two stay, which is what there was room for; without any, one that none has. */
const DOWN = [
  `ALTER TABLE edges RENAME TO new_edges`,
  ...DROP_INDEXES,
  `CREATE TABLE edges (
    id text PRIMARY KEY NOT NULL,
    name text NOT NULL,
    kinds text NOT NULL,
    labels text NOT NULL,
    token_hash text NOT NULL UNIQUE,
    token_first_used_at integer,
    next_token_hash text UNIQUE,
    desired text NOT NULL DEFAULT 'run' CHECK (desired IN ('run', 'drain', 'stop')),
    max_leases integer CHECK (max_leases >= 1),
    agent_version text,
    platform text,
    created_at integer NOT NULL,
    last_seen_at integer,
    revoked_at integer
  )`,
  ...INDEXES,
  `CREATE TEMP TABLE latest_tokens AS
     SELECT edge_id, token_hash, row_number() OVER (PARTITION BY edge_id ORDER BY id DESC) AS place
     FROM unused_edge_tokens`,
  `DROP TABLE unused_edge_tokens`,
  `INSERT INTO edges
     SELECT id, name, kinds, labels,
       coalesce(new.token_hash, second.token_hash, first.token_hash, 'none:' || id),
       iif(new.token_hash IS NULL, NULL, created_at),
       iif(coalesce(new.token_hash, second.token_hash) IS NULL, NULL, first.token_hash),
       desired, max_leases, agent_version, platform, created_at, last_seen_at, revoked_at
     FROM new_edges AS new
     LEFT JOIN latest_tokens AS first ON first.edge_id = new.id AND first.place = 1
     LEFT JOIN latest_tokens AS second ON second.edge_id = new.id AND second.place = 2`,
  `DROP TABLE latest_tokens`,
  `DROP TABLE new_edges`,
];

export class UnusedEdgeTokens1764806400000 implements MigrationInterface {
  readonly name = 'UnusedEdgeTokens1764806400000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
