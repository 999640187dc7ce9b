import { createHash } from 'node:crypto';
import type { ResultRow, TaskArtifact } from '@foreman/edge-sdk';
import { chance } from '../../chance';
import type { FaultTask } from './fault-job';

/** The artifact of every task. */
export const ARTIFACT_NAME = 'trace';

const BEST_ROWS = 3;

/**
 * What one attempt of a task makes, always the same. It differs from attempt to attempt, so that what an abandoned one
 * left behind can be told from what counts.
 */
export function rowsOf({ seed, number, rowCount }: FaultTask, attempt: number): ResultRow[] {
  return Array.from({ length: rowCount }, (_, index) => ({
    configId: `c${index}`,
    config: { task: number, attempt, index },
    metrics: { score: chance(seed, 'row', number, attempt, index), rank: index },
  }));
}

/** A row that no attempt that completes ever makes. */
export function strayRow({ number }: FaultTask, attempt: number): ResultRow {
  return { configId: `stray-${attempt}`, config: { task: number, attempt }, metrics: { score: 2 } };
}

/** An artifact that no attempt that completes ever makes. */
export function strayArtifact(attempt: number): TaskArtifact {
  return { name: `stray-${attempt}`, contentType: 'text/plain', body: 'of an attempt that failed' };
}

export function bestOf(rows: readonly ResultRow[]): string[] {
  const score = (row: ResultRow) => Number(row.metrics['score']);
  const best = rows.toSorted((a, b) => score(b) - score(a)).slice(0, BEST_ROWS);
  return best.map(({ configId }) => configId);
}

export function artifactOf({ seed, number, artifactBytes }: FaultTask, attempt: number): Buffer {
  const blocks: Buffer[] = [];
  for (let bytes = 0; bytes < artifactBytes; bytes += 64) {
    const name = `${seed}/${number}/${attempt}/${blocks.length}`;
    blocks.push(createHash('sha512').update(name).digest());
  }
  return Buffer.concat(blocks).subarray(0, artifactBytes);
}
