export { ResultsModule } from './results.module';
export type { ResultsOptions } from './results.options';
export { ResultCheck } from './rows/result-check';
export type { ClaimedResults } from './rows/result-check';
export { ResultExports } from './queries/result-exports';
export { ResultIds } from './queries/result-ids';
export type { WantedIds } from './queries/result-ids';
export { compactJson } from './ingestion/compact-json';
export { UnreadableBodyError } from './ingestion/unreadable-body';
export { ResultIngestion } from './ingestion/result-ingestion';
export type {
  IngestedRows,
  PostedJson,
  PostedRows,
  RowSender,
  StreamedRows,
} from './ingestion/result-ingestion';
export { ResultQueries } from './queries/result-queries';
export type { ResultPageRequest, ResultQuery, ResultRowView } from './queries/result-queries';
export { ResultSummaries } from './queries/result-summaries';
export type { ResultSummary } from './queries/result-summaries';
export type { MetricSummary } from './queries/metric-summary';
export { ResultRemoval } from './rows/result-removal';
export { checkRow } from './result-row';
export type { MetricValue, ResultRow } from './result-row';
export { ResultSweep } from './rows/result-sweep';
export type { ResultSweepCounts } from './rows/result-sweep';
export { RowSets } from './rows/row-sets';
