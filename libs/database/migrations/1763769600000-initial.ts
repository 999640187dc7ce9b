import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The first schema. Times are milliseconds since the epoch, ids are text, JSON is text.
 * CHECK constraints repeat the state machine (docs/state-machine.md), so that a wrong transition is
 * refused by the database whatever the code believes. Partial indexes hold only the tasks that a
 * lease, a sweep or a poll looks for.
 */
const STATEMENTS = [
  // ── access ────────────────────────────────────────────────────────────────────────────────────
  `CREATE TABLE api_keys (
    id text PRIMARY KEY NOT NULL,
    name text NOT NULL,
    token_hash text NOT NULL UNIQUE,
    scopes text NOT NULL,
    is_from_settings boolean NOT NULL DEFAULT 0 CHECK (is_from_settings IN (0, 1)),
    created_at integer NOT NULL,
    revoked_at integer
  )`,
  `CREATE INDEX api_keys_newest ON api_keys (created_at, id)`,
  `CREATE TABLE idempotency_keys (
    credential_id text NOT NULL,
    path text NOT NULL,
    idempotency_key text NOT NULL,
    body_sha256 text NOT NULL,
    answer text NOT NULL,
    created_at integer NOT NULL,
    PRIMARY KEY (credential_id, path, idempotency_key)
  )`,
  `CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at)`,

  // ── jobs ──────────────────────────────────────────────────────────────────────────────────────
  `CREATE TABLE jobs (
    id text PRIMARY KEY NOT NULL,
    kind text NOT NULL,
    queue text NOT NULL,
    status text NOT NULL CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
    priority integer NOT NULL CHECK (priority BETWEEN -100 AND 100),
    metadata text NOT NULL,
    on_task_failure text NOT NULL CHECK (on_task_failure IN ('fail', 'continue')),
    max_attempts integer NOT NULL CHECK (max_attempts >= 1),
    lease_seconds integer NOT NULL CHECK (lease_seconds BETWEEN 5 AND 3600),
    timeout_seconds integer CHECK (timeout_seconds >= 1),
    ttl_seconds integer NOT NULL CHECK (ttl_seconds >= 0),
    task_count integer NOT NULL CHECK (task_count BETWEEN 1 AND 1000),
    run integer NOT NULL CHECK (run >= 1),
    event_seq integer NOT NULL,
    summary text,
    error_code text,
    error_message text,
    created_by text,
    created_at integer NOT NULL,
    started_at integer,
    finalized_at integer,
    expires_at integer,
    is_pinned boolean NOT NULL DEFAULT 0 CHECK (is_pinned IN (0, 1)),
    hidden_at integer,
    CHECK ((status IN ('completed', 'failed', 'cancelled')) = (finalized_at IS NOT NULL)),
    CHECK (status <> 'running' OR started_at IS NOT NULL),
    CHECK (expires_at IS NULL OR finalized_at IS NOT NULL),
    CHECK ((status = 'failed') = (error_code IS NOT NULL))
  )`,
  `CREATE INDEX jobs_newest ON jobs (created_at, id) WHERE hidden_at IS NULL`,
  `CREATE INDEX jobs_by_status ON jobs (status, created_at, id) WHERE hidden_at IS NULL`,
  `CREATE INDEX jobs_expiring ON jobs (expires_at) WHERE expires_at IS NOT NULL AND is_pinned = 0 AND hidden_at IS NULL`,
  `CREATE INDEX jobs_hidden ON jobs (hidden_at) WHERE hidden_at IS NOT NULL`,
  // Payloads stand apart: a heartbeat must not rewrite megabytes of prices.
  `CREATE TABLE job_payloads (
    job_id text PRIMARY KEY NOT NULL REFERENCES jobs (id),
    body text NOT NULL
  )`,
  `CREATE TABLE tasks (
    id text PRIMARY KEY NOT NULL,
    job_id text NOT NULL REFERENCES jobs (id),
    task_index integer NOT NULL,
    kind text NOT NULL,
    queue text NOT NULL,
    priority integer NOT NULL,
    status text NOT NULL CHECK (status IN ('queued', 'leased', 'completed', 'failed', 'cancelled')),
    assigned_edge_id text,
    requires text,
    available_at integer NOT NULL,
    start_by_at integer,
    max_attempts integer NOT NULL,
    lease_seconds integer NOT NULL,
    timeout_seconds integer,
    attempt integer NOT NULL CHECK (attempt >= 0),
    burnt_attempts integer NOT NULL CHECK (burnt_attempts >= 0),
    returned_expiries integer NOT NULL CHECK (returned_expiries BETWEEN 0 AND 5),
    lease_token text,
    lease_edge_id text,
    lease_expires_at integer,
    leased_at integer,
    is_started boolean NOT NULL DEFAULT 0 CHECK (is_started IN (0, 1)),
    revivable_token text,
    revivable_edge_id text,
    processed integer NOT NULL DEFAULT 0,
    total integer,
    progress_status text,
    progress_at integer,
    progress_counters text,
    row_set integer NOT NULL DEFAULT 0,
    result_count integer NOT NULL DEFAULT 0 CHECK (result_count >= 0),
    result_folder text,
    summary text,
    error_code text,
    error_message text,
    created_at integer NOT NULL,
    finalized_at integer,
    UNIQUE (job_id, task_index),
    CHECK ((status = 'leased') = (lease_token IS NOT NULL)),
    CHECK ((status = 'leased') = (lease_edge_id IS NOT NULL)),
    CHECK ((status = 'leased') = (lease_expires_at IS NOT NULL)),
    CHECK ((status IN ('completed', 'failed', 'cancelled')) = (finalized_at IS NOT NULL)),
    CHECK (revivable_token IS NULL OR status = 'queued'),
    CHECK ((status = 'failed') = (error_code IS NOT NULL))
  )`,
  `CREATE INDEX tasks_open_of_job ON tasks (job_id) WHERE status IN ('queued', 'leased')`,
  `CREATE INDEX tasks_claimable ON tasks (kind, priority DESC, id) WHERE status = 'queued' AND assigned_edge_id IS NULL`,
  `CREATE INDEX tasks_claimable_assigned ON tasks (assigned_edge_id, kind, priority DESC, id) WHERE status = 'queued' AND assigned_edge_id IS NOT NULL`,
  `CREATE INDEX tasks_next_available ON tasks (available_at) WHERE status = 'queued'`,
  `CREATE INDEX tasks_start_by ON tasks (start_by_at) WHERE status = 'queued' AND start_by_at IS NOT NULL`,
  `CREATE INDEX tasks_lease_expiry ON tasks (lease_expires_at) WHERE status = 'leased'`,
  `CREATE INDEX tasks_timing ON tasks (leased_at) WHERE status = 'leased' AND timeout_seconds IS NOT NULL`,
  `CREATE INDEX tasks_leased_by_edge ON tasks (lease_edge_id) WHERE status = 'leased'`,
  `CREATE TABLE task_payloads (
    task_id text PRIMARY KEY NOT NULL REFERENCES tasks (id),
    body text NOT NULL
  )`,
  // One row a label that an edge must have, as 'name=value': the claim needs no JSON functions.
  `CREATE TABLE task_requirements (
    task_id text NOT NULL REFERENCES tasks (id),
    label text NOT NULL,
    PRIMARY KEY (task_id, label)
  )`,
  `CREATE TABLE attempts (
    task_id text NOT NULL REFERENCES tasks (id),
    number integer NOT NULL CHECK (number >= 1),
    edge_id text NOT NULL,
    lease_token text NOT NULL UNIQUE,
    lease_request_id text,
    leased_at integer NOT NULL,
    started_at integer,
    ended_at integer,
    outcome text CHECK (outcome IN ('completed', 'failed', 'timed_out', 'expired', 'released', 'cancelled', 'revoked')),
    is_burnt boolean NOT NULL DEFAULT 0 CHECK (is_burnt IN (0, 1)),
    error_code text,
    error_message text,
    retry_at integer,
    PRIMARY KEY (task_id, number),
    CHECK ((outcome IS NULL) = (ended_at IS NULL))
  )`,
  `CREATE INDEX attempts_by_edge ON attempts (edge_id, task_id)`,
  `CREATE INDEX attempts_by_request ON attempts (lease_request_id) WHERE lease_request_id IS NOT NULL`,
  `CREATE TABLE events (
    position integer PRIMARY KEY AUTOINCREMENT NOT NULL,
    id text NOT NULL UNIQUE,
    type text NOT NULL,
    job_id text NOT NULL,
    task_id text,
    run integer NOT NULL,
    seq integer,
    data text NOT NULL,
    created_at integer NOT NULL
  )`,
  `CREATE INDEX events_of_job ON events (job_id, position)`,
  `CREATE TABLE queues (
    name text PRIMARY KEY NOT NULL,
    weight integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 1000),
    is_paused boolean NOT NULL DEFAULT 0 CHECK (is_paused IN (0, 1)),
    created_at integer NOT NULL
  )`,

  // ── edges ─────────────────────────────────────────────────────────────────────────────────────
  `CREATE TABLE enrolments (
    id text PRIMARY KEY NOT NULL,
    token_hash text NOT NULL UNIQUE,
    name text,
    kinds text,
    labels text,
    created_at integer NOT NULL,
    expires_at integer NOT NULL,
    edge_id text
  )`,
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
  `CREATE UNIQUE INDEX edges_live_name ON edges (name) WHERE revoked_at IS NULL`,
  `CREATE INDEX edges_newest ON edges (created_at, id) WHERE revoked_at IS NULL`,

  // ── leasing ───────────────────────────────────────────────────────────────────────────────────
  `CREATE TABLE lease_requests (
    id text PRIMARY KEY NOT NULL,
    edge_id text NOT NULL,
    path text NOT NULL,
    idempotency_key text NOT NULL,
    body_sha256 text NOT NULL,
    created_at integer NOT NULL,
    UNIQUE (edge_id, path, idempotency_key)
  )`,
  `CREATE INDEX lease_requests_age ON lease_requests (created_at)`,
  `CREATE TABLE late_writes (
    id text PRIMARY KEY NOT NULL,
    job_id text NOT NULL,
    task_id text NOT NULL,
    edge_id text NOT NULL,
    attempt integer NOT NULL,
    call text NOT NULL CHECK (call IN ('results', 'complete', 'fail')),
    body_sha256 text NOT NULL,
    body text NOT NULL,
    created_at integer NOT NULL,
    UNIQUE (task_id, call, body_sha256)
  )`,
  `CREATE INDEX late_writes_of_job ON late_writes (job_id)`,

  // ── results ───────────────────────────────────────────────────────────────────────────────────
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
  `CREATE INDEX result_rows_of_job ON result_rows (job_id, id)`,
  // Rows of earlier leases that were not adopted, until the sweep has removed them.
  `CREATE TABLE discarded_row_sets (
    task_id text NOT NULL REFERENCES tasks (id),
    row_set integer NOT NULL,
    PRIMARY KEY (task_id, row_set)
  )`,

  // ── artifacts ─────────────────────────────────────────────────────────────────────────────────
  `CREATE TABLE artifacts (
    id text PRIMARY KEY NOT NULL,
    job_id text NOT NULL,
    task_id text,
    state text NOT NULL CHECK (state IN ('staged', 'published')),
    lease_token text,
    name text NOT NULL,
    content_type text NOT NULL,
    size integer NOT NULL CHECK (size >= 0),
    sha256 text NOT NULL,
    blob_key text NOT NULL UNIQUE,
    created_at integer NOT NULL,
    published_at integer,
    CHECK ((state = 'published') = (published_at IS NOT NULL)),
    CHECK ((state = 'staged') = (lease_token IS NOT NULL))
  )`,
  `CREATE INDEX artifacts_of_job ON artifacts (job_id)`,
  `CREATE UNIQUE INDEX artifacts_published ON artifacts (job_id, name) WHERE state = 'published'`,
  `CREATE UNIQUE INDEX artifacts_staged ON artifacts (task_id, name) WHERE state = 'staged'`,
  // A blob exists from its first chunk; one that no artifact names is swept after a grace.
  `CREATE TABLE blobs (
    key text PRIMARY KEY NOT NULL,
    size integer CHECK (size >= 0),
    written_at integer NOT NULL,
    released_at integer
  )`,
  `CREATE INDEX blobs_released ON blobs (released_at) WHERE released_at IS NOT NULL`,
  `CREATE INDEX blobs_unfinished ON blobs (written_at) WHERE size IS NULL`,
  `CREATE TABLE blob_chunks (
    blob_key text NOT NULL REFERENCES blobs (key),
    start_byte integer NOT NULL,
    bytes blob NOT NULL,
    PRIMARY KEY (blob_key, start_byte)
  )`,

  // ── webhooks ──────────────────────────────────────────────────────────────────────────────────
  `CREATE TABLE webhook_endpoints (
    id text PRIMARY KEY NOT NULL,
    job_id text,
    url text NOT NULL,
    events text NOT NULL,
    kinds text,
    secret_sealed text NOT NULL,
    previous_secret_sealed text,
    previous_secret_until integer,
    created_at integer NOT NULL,
    failing_since integer,
    disabled_at integer,
    disabled_reason text CHECK (disabled_reason IN ('gone', 'failing')),
    CHECK ((previous_secret_sealed IS NULL) = (previous_secret_until IS NULL)),
    CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL))
  )`,
  `CREATE INDEX webhook_endpoints_of_job ON webhook_endpoints (job_id) WHERE job_id IS NOT NULL`,
  `CREATE INDEX webhook_endpoints_standing ON webhook_endpoints (id) WHERE job_id IS NULL`,
  // What an event tells, frozen when it happened; bodies are built from it at each try.
  `CREATE TABLE webhook_messages (
    event_id text PRIMARY KEY NOT NULL,
    job_id text NOT NULL,
    type text NOT NULL,
    run integer NOT NULL,
    seq integer NOT NULL,
    job text NOT NULL,
    artifacts text NOT NULL,
    created_at integer NOT NULL
  )`,
  `CREATE INDEX webhook_messages_of_job ON webhook_messages (job_id)`,
  `CREATE TABLE deliveries (
    id text PRIMARY KEY NOT NULL,
    event_id text NOT NULL REFERENCES webhook_messages (event_id),
    endpoint_id text NOT NULL REFERENCES webhook_endpoints (id),
    job_id text NOT NULL,
    host text NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'delivered', 'exhausted', 'superseded', 'disabled')),
    attempt_count integer NOT NULL CHECK (attempt_count >= 0),
    schedule_step integer NOT NULL CHECK (schedule_step >= 0),
    urls_only boolean NOT NULL DEFAULT 0 CHECK (urls_only IN (0, 1)),
    next_attempt_at integer,
    claimed_until integer,
    created_at integer NOT NULL,
    finished_at integer,
    UNIQUE (event_id, endpoint_id),
    CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL)),
    CHECK ((status = 'pending') = (finished_at IS NULL)),
    CHECK (claimed_until IS NULL OR status = 'pending')
  )`,
  // By host, so that a claim steps over the backlog of a slow one instead of reading through it.
  `CREATE INDEX deliveries_due_by_host ON deliveries (host, next_attempt_at, id) WHERE status = 'pending'`,
  `CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE status = 'pending'`,
  `CREATE INDEX deliveries_claimed ON deliveries (claimed_until) WHERE claimed_until IS NOT NULL`,
  `CREATE INDEX deliveries_of_job ON deliveries (job_id, created_at)`,
  `CREATE INDEX deliveries_of_endpoint ON deliveries (endpoint_id)`,
  `CREATE TABLE delivery_attempts (
    delivery_id text NOT NULL REFERENCES deliveries (id),
    number integer NOT NULL,
    started_at integer NOT NULL,
    duration_ms integer NOT NULL,
    status_code integer,
    error_class text,
    error_detail text,
    address text,
    response_excerpt text,
    PRIMARY KEY (delivery_id, number)
  )`,
];

/** Children before the tables that they refer to. */
const TABLES = [
  'delivery_attempts',
  'deliveries',
  'webhook_messages',
  'webhook_endpoints',
  'blob_chunks',
  'blobs',
  'artifacts',
  'discarded_row_sets',
  'result_rows',
  'late_writes',
  'lease_requests',
  'edges',
  'enrolments',
  'queues',
  'events',
  'attempts',
  'task_requirements',
  'task_payloads',
  'tasks',
  'job_payloads',
  'jobs',
  'idempotency_keys',
  'api_keys',
];

export class Initial1763769600000 implements MigrationInterface {
  readonly name = 'Initial1763769600000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE ${table}`);
  }
}
