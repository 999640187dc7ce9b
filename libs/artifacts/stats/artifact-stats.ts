import { Injectable } from '@nestjs/common';
import { ReadConnection } from '@foreman/database';

/** Artifacts of one kind, or in one queue, staged ones among them. */
export interface ArtifactShare {
  readonly name: string;
  readonly artifacts: number;
  readonly bytes: number;
}

export interface StoredArtifacts {
  readonly published: number;
  readonly bytes: number;
  readonly staged: number;
  readonly stagedBytes: number;
  /** Of artifacts and inputs, that the scrub found, and that are still there. */
  readonly corrupt: number;
}

/** Inputs that have their bytes, those that are about to be removed included. */
export interface StoredInputs {
  readonly stored: number;
  /** As they are stored: the same bytes of several inputs once. */
  readonly bytes: number;
}

/** What is stored, those of jobs that are being removed included: it is space that they take. */
export interface ArtifactFigures extends StoredArtifacts {
  /** Epoch ms; null when there is none. */
  readonly oldestAt: number | null;
  readonly largest: { readonly jobId: string; readonly name: string; readonly size: number } | null;
  /** At most `SHARES`, those with the most bytes first. */
  readonly byKind: readonly ArtifactShare[];
  readonly byQueue: readonly ArtifactShare[];
}

/** Kinds and queues are named from outside: an answer has an end. */
const SHARES = 100;

/** Figures from the totals and the ends of two indexes: the cost does not grow with the artifacts. */
@Injectable()
export class ArtifactStats {
  constructor(private readonly reads: ReadConnection) {}

  async stored(): Promise<StoredArtifacts> {
    const totals = new Map<string, Total>();
    for (const total of await this.reads.query<Total>(TOTALS)) totals.set(total.state, total);
    const [found] = await this.reads.query<{ corrupt: number }>(CORRUPT);
    return {
      published: Number(totals.get('published')?.artifacts ?? 0),
      bytes: Number(totals.get('published')?.bytes ?? 0),
      staged: Number(totals.get('staged')?.artifacts ?? 0),
      stagedBytes: Number(totals.get('staged')?.bytes ?? 0),
      corrupt: Number(found?.corrupt ?? 0),
    };
  }

  async inputs(): Promise<StoredInputs> {
    const [total] = await this.reads.query<{ inputs: number; bytes: number }>(INPUT_TOTALS);
    return { stored: Number(total?.inputs ?? 0), bytes: Number(total?.bytes ?? 0) };
  }

  async read(): Promise<ArtifactFigures> {
    const [oldest] = await this.reads.query<{ at: number | null }>(OLDEST);
    const [largest] = await this.reads.query<{ job_id: string; name: string; size: number }>(
      LARGEST,
    );
    return {
      ...(await this.stored()),
      oldestAt: oldest?.at == null ? null : Number(oldest.at),
      largest:
        largest === undefined
          ? null
          : { jobId: largest.job_id, name: largest.name, size: Number(largest.size) },
      byKind: await this.shares('kind'),
      byQueue: await this.shares('queue'),
    };
  }

  private async shares(column: 'kind' | 'queue'): Promise<ArtifactShare[]> {
    const rows = await this.reads.query<ArtifactShare>(SHARES_BY(column), [SHARES]);
    return rows.map(({ name, artifacts, bytes }) => ({
      name,
      artifacts: Number(artifacts),
      bytes: Number(bytes),
    }));
  }
}

interface Total {
  readonly state: string;
  readonly artifacts: number;
  readonly bytes: number;
}

export const TOTALS = `
  SELECT state, sum(artifacts) AS artifacts, sum(bytes) AS bytes FROM artifact_totals GROUP BY state`;

export const OLDEST = 'SELECT min(created_at) AS at FROM artifacts';

export const LARGEST = 'SELECT job_id, name, size FROM artifacts ORDER BY size DESC LIMIT 1';

/** As the report of the scrub has them: what is released waits only for the sweep. Not a join, which would begin with all blobs. */
const CORRUPT = `
  SELECT count(*) AS corrupt FROM corrupt_blobs
  WHERE (SELECT released_at IS NULL FROM blobs WHERE blobs.key = corrupt_blobs.blob_key)`;

const INPUT_TOTALS = 'SELECT inputs, bytes FROM input_totals WHERE id = 1';

const SHARES_BY = (column: 'kind' | 'queue') => `
  SELECT ${column} AS name, sum(artifacts) AS artifacts, sum(bytes) AS bytes FROM artifact_totals
  GROUP BY ${column} HAVING sum(artifacts) > 0 ORDER BY sum(bytes) DESC, ${column} LIMIT ?`;
