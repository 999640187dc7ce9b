import { openTestEngine, type TestEngine } from '@foreman/testing';
import { EXPORT_PAGE, LAST_ROW } from './result-queries';
import { knownOf } from './result-check';
import { REPLACE_CHANGED } from './result-row.store';
import { DELETE_OF_SET } from './result-sweep';
import { ResultsModule } from './results.module';

describe('the statements of results', () => {
  let engine: TestEngine;

  beforeAll(async () => {
    engine = await openTestEngine(ResultsModule.forRoot());
  });

  afterAll(() => engine.close());

  it.each<[string, string, number, RegExp]>([
    ['a page of an export', EXPORT_PAGE, 4, /result_rows_of_job \(job_id=\? AND id>\? AND id<\?\)/],
    ['the newest row', LAST_ROW, 1, /COVERING INDEX result_rows_of_job/],
    ['best configs', knownOf(2), 4, /\(task_id=\? AND row_set=\? AND config_id=\?\)/],
    ['a replaced row', REPLACE_CHANGED, 7, /\(task_id=\? AND row_set=\? AND config_id=\?\)/],
    ['a discarded set', DELETE_OF_SET, 3, /\(task_id=\? AND row_set=\?\)/],
  ])('%s goes by its index, and sorts nothing', async (_what, sql, params, index) => {
    const plan = await engine.reads.query<{ detail: string }>(
      `EXPLAIN QUERY PLAN ${sql}`,
      Array.from({ length: params }, () => 1),
    );
    const details = plan.map(({ detail }) => detail).join('\n');
    expect(details).toMatch(index);
    expect(details).not.toMatch(/SCAN (r|t|result_rows|tasks)\b|TEMP B-TREE/);
  });
});
