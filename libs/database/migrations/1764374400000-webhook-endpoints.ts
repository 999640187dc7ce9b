import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Standing webhook endpoints as operators handle them: their pace, their replay, their end. */
const UP = [
  `ALTER TABLE webhook_endpoints
     ADD COLUMN inline_budget_bytes integer CHECK (inline_budget_bytes >= 0)`,
  `ALTER TABLE webhook_endpoints
     ADD COLUMN rate_per_minute integer CHECK (rate_per_minute >= 1)`,
  `ALTER TABLE webhook_endpoints ADD COLUMN next_post_at integer`,
  `ALTER TABLE webhook_endpoints ADD COLUMN replaying_since integer`,
  `ALTER TABLE webhook_endpoints ADD COLUMN replay_delivery_id text`,
  `ALTER TABLE webhook_endpoints ADD COLUMN removed_at integer`,
  // Looked at before each claim, and nearly always empty.
  `CREATE INDEX webhook_endpoints_paced ON webhook_endpoints (id) WHERE rate_per_minute IS NOT NULL`,
  `CREATE INDEX webhook_endpoints_replaying ON webhook_endpoints (id) WHERE replaying_since IS NOT NULL`,
  `CREATE INDEX webhook_endpoints_removed ON webhook_endpoints (id) WHERE removed_at IS NOT NULL`,
  `CREATE TABLE webhook_endpoint_events (
    id text PRIMARY KEY NOT NULL,
    endpoint_id text NOT NULL REFERENCES webhook_endpoints (id),
    type text NOT NULL
      CHECK (type IN ('created', 'changed', 'secret_rotated', 'disabled', 'enabled', 'replayed')),
    reason text,
    created_at integer NOT NULL
  )`,
  `CREATE INDEX webhook_endpoint_events_of_endpoint ON webhook_endpoint_events (endpoint_id, id)`,

  // Lists in the order of time, by whatever they are narrowed to.
  `DROP INDEX deliveries_of_endpoint`,
  `CREATE INDEX deliveries_of_endpoint ON deliveries (endpoint_id, created_at, id)`,
  `DROP INDEX deliveries_by_status`,
  `CREATE INDEX deliveries_by_status ON deliveries (status, created_at, id)`,
  `CREATE INDEX deliveries_by_time ON deliveries (created_at, id)`,
  // What is kept for a disabled endpoint is replayed from its oldest on, however much it has received before.
  `CREATE INDEX deliveries_of_endpoint_by_status ON deliveries (endpoint_id, status, created_at, id)`,
];

const DOWN = [
  `DROP INDEX deliveries_of_endpoint_by_status`,
  `DROP INDEX deliveries_by_time`,
  `DROP INDEX deliveries_by_status`,
  `CREATE INDEX deliveries_by_status ON deliveries (status)`,
  `DROP INDEX deliveries_of_endpoint`,
  `CREATE INDEX deliveries_of_endpoint ON deliveries (endpoint_id)`,
  `DROP TABLE webhook_endpoint_events`,
  `DROP INDEX webhook_endpoints_removed`,
  `DROP INDEX webhook_endpoints_replaying`,
  `DROP INDEX webhook_endpoints_paced`,
  ...[
    'removed_at',
    'replay_delivery_id',
    'replaying_since',
    'next_post_at',
    'rate_per_minute',
    'inline_budget_bytes',
  ].map((column) => `ALTER TABLE webhook_endpoints DROP COLUMN ${column}`),
];

export class WebhookEndpoints1764374400000 implements MigrationInterface {
  readonly name = 'WebhookEndpoints1764374400000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
