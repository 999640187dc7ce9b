import { type ArtifactShare, ArtifactStats } from '@foreman/artifacts';
import { Database, ReadConnection, type SqlValue } from '@foreman/database';
import { Clock, isoTimeOrNull } from '@foreman/kernel';
import { Injectable } from '@nestjs/common';
import { WebhookStatsReader } from './webhook-stats.reader';
import type { ArtifactShareDto, ArtifactStatsDto, InputStatsDto, StatsDto } from './stats.dto';

/** An edge that called within this time counts as online: three heartbeats of the slowest default. */
const ONLINE_WITHIN_MS = 90_000;

/**
 * Counts for one look at the whole. What is done with is counted in rows that the database keeps (docs/adr/0025-flat-costs.md),
 * what is open in an index that holds nothing else: the cost grows with what waits, and not with what is kept.
 */
@Injectable()
export class StatsReader {
  constructor(
    private readonly reads: ReadConnection,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly artifacts: ArtifactStats,
    private readonly webhooks: WebhookStatsReader,
  ) {}

  async read(): Promise<StatsDto> {
    const sizes = this.database.sizes();
    return {
      jobs: {
        queued: await this.count(OPEN_JOBS, 'queued'),
        running: await this.count(OPEN_JOBS, 'running'),
        ...(await this.totals<'completed' | 'failed' | 'cancelled'>(
          'SELECT status, jobs AS count FROM job_totals',
        )),
      },
      tasks: {
        queued: await this.queuedTasks(),
        leased: await this.count(`SELECT count(*) AS count FROM tasks WHERE status = 'leased'`),
        stalled: await this.count(
          `SELECT count(*) AS count FROM tasks WHERE status = 'leased' AND stalled_at IS NOT NULL`,
        ),
      },
      edges: {
        registered: await this.count(
          'SELECT count(*) AS count FROM edges WHERE revoked_at IS NULL',
        ),
        online: await this.count(
          'SELECT count(*) AS count FROM edges WHERE revoked_at IS NULL AND last_seen_at > ?',
          this.clock.now() - ONLINE_WITHIN_MS,
        ),
      },
      deliveries: {
        pending: await this.count(
          `SELECT count(*) AS count FROM deliveries WHERE status = 'pending'`,
        ),
        ...(await this.totals<'delivered' | 'exhausted' | 'superseded' | 'disabled'>(
          'SELECT status, deliveries AS count FROM delivery_totals',
        )),
      },
      webhooks: await this.webhooks.read(),
      artifacts: await this.readArtifacts(),
      inputs: await this.readInputs(),
      database: { fileBytes: sizes.fileBytes, freeBytes: sizes.freeBytes },
    };
  }

  private async readArtifacts(): Promise<ArtifactStatsDto> {
    const figures = await this.artifacts.read();
    const { largest } = figures;
    return {
      published: figures.published,
      bytes: figures.bytes,
      staged: figures.staged,
      stagedBytes: figures.stagedBytes,
      corrupt: figures.corrupt,
      oldestAt: isoTimeOrNull(figures.oldestAt),
      largest: largest && { jobId: largest.jobId, name: largest.name, size: largest.size },
      byKind: figures.byKind.map(share),
      byQueue: figures.byQueue.map(share),
    };
  }

  private async readInputs(): Promise<InputStatsDto> {
    const { stored, bytes } = await this.artifacts.inputs();
    return { stored, bytes };
  }

  /** A turn for others before each statement: of a million that wait one takes some milliseconds. */
  private async query<Row>(sql: string, params: readonly SqlValue[]): Promise<Row[]> {
    await new Promise(setImmediate);
    return this.reads.query<Row>(sql, params);
  }

  private async count(sql: string, ...params: SqlValue[]): Promise<number> {
    const [row] = await this.query<{ count: number }>(sql, params);
    return Number(row?.count ?? 0);
  }

  private async queuedTasks(): Promise<number> {
    let count = 0;
    for (const part of QUEUED_TASKS) count += await this.count(part);
    return count;
  }

  /** A row for each of these statuses is there from the beginning. */
  private async totals<S extends string>(sql: string): Promise<Record<S, number>> {
    const rows = await this.query<{ status: S; count: number }>(sql, []);
    const counts = rows.map(({ status, count }) => [status, Number(count)]);
    return Object.fromEntries(counts) as Record<S, number>;
  }
}

const OPEN_JOBS = 'SELECT count(*) AS count FROM jobs WHERE hidden_at IS NULL AND status = ?';

/** As the indexes of claiming divide them. */
const QUEUED_TASKS = [
  'is_due = 1 AND assigned_edge_id IS NULL',
  'is_due = 1 AND assigned_edge_id IS NOT NULL',
  'is_due = 0',
].map((which) => `SELECT count(*) AS count FROM tasks WHERE status = 'queued' AND ${which}`);

function share({ name, artifacts, bytes }: ArtifactShare): ArtifactShareDto {
  return { name, artifacts, bytes };
}
