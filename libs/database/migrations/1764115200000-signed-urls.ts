import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Endpoints that ask for URLs which work without a bearer token. */
const UP = [
  `ALTER TABLE webhook_endpoints
     ADD COLUMN has_signed_urls boolean NOT NULL DEFAULT 0 CHECK (has_signed_urls IN (0, 1))`,
];

const DOWN = [`ALTER TABLE webhook_endpoints DROP COLUMN has_signed_urls`];

export class SignedUrls1764115200000 implements MigrationInterface {
  readonly name = 'SignedUrls1764115200000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
