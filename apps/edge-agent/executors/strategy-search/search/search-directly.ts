import type { ResultRow, TaskArtifact } from '@foreman/edge-sdk';
import { searchArtifacts } from '../artifacts/search-artifacts';
import { readSearchRequest } from '../request/search-request';
import { StrategySearch } from './strategy-search';

interface DirectSearch {
  readonly rows: readonly ResultRow[];
  /** Best first, at most ten. */
  readonly bestConfigIds: readonly string[];
  readonly processedCount: number;
  readonly totalCount: number;
  readonly artifacts: readonly (TaskArtifact & { readonly body: string })[];
}

/**
 * The whole of a `strategy-search` task in one call: no thread, no gateway. Gives the very rows, best ids and artifact
 * bytes that an edge posts for the same payload, so that results can be held against it.
 * @throws InvalidPayload where a task would fail for good
 */
export function searchDirectly(payload: unknown): DirectSearch {
  const search = new StrategySearch(readSearchRequest(payload));
  const rows = [...search.batches(search.total)].flat();
  const findings = search.findings();
  return {
    rows,
    bestConfigIds: findings.best.map(({ configId }) => configId),
    processedCount: rows.length,
    totalCount: search.total,
    artifacts: searchArtifacts(findings),
  };
}
