import { openTestEngine, type TestEngine } from '@foreman/testing';
import { namesIn, SETS_THAT_COUNT } from './columns/metric-columns';
import { CHUNK_OF_ROW, COLUMNS, TAIL } from './columns/metric-folding';
import { CHUNKS, chunksWith, METRICS_OF_ROWS } from './columns/stored-columns';
import { ROWS_OF_CONFIG } from './queries/row-scan';
import { rowsWith } from './queries/rows-by-id';
import { knownOf } from './rows/result-check';
import { setsOf } from './rows/result-removal';
import { NEW_IDS, NEW_SPAN, REPLACE_CHANGED } from './rows/result-row.store';
import { DISCARDED } from './rows/result-sweep';
import { IDS, IDS_AND_METRICS } from './queries/result-ids';
import { EXTENT } from './rows/row-extent';
import { LAST_ROW, LATER_TASKS, REST_OF_TASK } from './rows/row-pages';
import { REMOVAL_OF_SET } from './rows/row-set-removal';
import { ResultsModule } from './results.module';

describe('the statements of results', () => {
  let engine: TestEngine;

  beforeAll(async () => {
    engine = await openTestEngine(ResultsModule.forRoot());
  });

  afterAll(() => engine.close());

  it.each<[string, string, RegExp]>([
    ['the rest of a task', REST_OF_TASK, /result_rows_of_set \(set_id=\? AND id>\? AND id<\?\)/],
    [
      'the tasks after it',
      LATER_TASKS,
      /SEARCH t .*\(job_id=\? AND task_index>\?\)[^]*result_rows_of_set \(set_id=\? AND id<\?\)/,
    ],
    ['the newest row', LAST_ROW, /SEARCH result_rows/],
    [
      'what a list is of',
      EXTENT,
      /SEARCH j .*\(id=\?\)[^]*SEARCH t .*\(job_id=\?\)[^]*SEARCH result_rows/,
    ],
    ['best configs', knownOf('?, ?'), /\(set_id=\? AND config_id=\?\)/],
    ['a replaced row', REPLACE_CHANGED, /\(set_id=\? AND config_id=\?\)/],
    ['ids', IDS, /result_rows_of_set \(set_id=\? AND id>\? AND id<\?\)/],
    ['ids and metrics', IDS_AND_METRICS, /result_rows_of_set \(set_id=\? AND id>\? AND id<\?\)/],
    ['discarded sets', DISCARDED, /row_sets_discarded/],
    ["jobs' sets", setsOf('?, ?'), /row_sets_of_job \(job_id=\?\)/],
    ['the span of new rows', NEW_SPAN, /COVERING INDEX result_rows_of_set \(set_id=\? AND id>\?\)/],
    ['new rows', NEW_IDS, /COVERING INDEX result_rows_of_set \(set_id=\? AND id>\?\)/],
    ['the tail of a set', TAIL, /result_rows_of_set \(set_id=\? AND id>\?\)/],
    ["a row's chunk", CHUNK_OF_ROW, /metric_chunks_1 \(set_id=\? AND first_row_id<\?\)/],
    ["a chunk's columns", COLUMNS, /metric_columns_1 \(chunk_id=\?\)/],
    [
      'sets that count',
      SETS_THAT_COUNT,
      /tasks_\d \(job_id=\? AND task_index>\? AND task_index<\?\)/,
    ],
    ['chunks', CHUNKS, /metric_chunks_1 \(set_id=\? AND first_row_id>\? AND first_row_id<\?\)/],
    [
      'columns of chunks',
      chunksWith('?, ?'),
      /metric_chunks_1 \(set_id=\? AND first_row_id>\? AND first_row_id<\?\)[^]*metric_columns_1 \(chunk_id=\? AND metric=\?\)/,
    ],
    ['metrics of rows', METRICS_OF_ROWS, /result_rows_of_set \(set_id=\? AND id>\? AND id<\?\)/],
    ['names of metrics', namesIn('?, ?'), /COVERING INDEX sqlite_autoindex_metric_columns_1/],
    [
      'rows by their ids',
      rowsWith('?, ?'),
      /SEARCH r USING INTEGER PRIMARY KEY[^]*SEARCH t .*\(id=\?\)/,
    ],
    [
      'rows of a config',
      ROWS_OF_CONFIG,
      /SEARCH t .*\(job_id=\? AND task_index>\?\)[^]*SEARCH r .*\(set_id=\? AND config_id=\?/,
    ],
    ...REMOVAL_OF_SET.map((sql): [string, string, RegExp] => [`removal: ${sql}`, sql, /=\?/]),
  ])('%s goes by its index, and sorts nothing', async (_what, sql, index) => {
    const plan = await engine.reads.query<{ detail: string }>(
      `EXPLAIN QUERY PLAN ${sql}`,
      Array.from({ length: sql.split('?').length - 1 }, () => 1),
    );
    const details = plan.map(({ detail }) => detail).join('\n');
    expect(details).toMatch(index);
    expect(details).not.toMatch(/SCAN (?!k$|.*row_sets_discarded)|TEMP B-TREE/m);
  });
});
