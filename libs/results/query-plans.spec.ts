import { openTestEngine, type TestEngine } from '@foreman/testing';
import { knownOf } from './rows/result-check';
import { setsOf } from './rows/result-removal';
import { REPLACE_CHANGED } from './rows/result-row.store';
import { DISCARDED } from './rows/result-sweep';
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
    ['best configs', knownOf(2), /\(set_id=\? AND config_id=\?\)/],
    ['a replaced row', REPLACE_CHANGED, /\(set_id=\? AND config_id=\?\)/],
    ['discarded sets', DISCARDED, /row_sets_discarded/],
    ["jobs' sets", setsOf(2), /row_sets_of_job \(job_id=\?\)/],
    ...REMOVAL_OF_SET.map((sql): [string, string, RegExp] => [`removal: ${sql}`, sql, /=\?/]),
  ])('%s goes by its index, and sorts nothing', async (_what, sql, index) => {
    const plan = await engine.reads.query<{ detail: string }>(
      `EXPLAIN QUERY PLAN ${sql}`,
      Array.from({ length: sql.split('?').length - 1 }, () => 1),
    );
    const details = plan.map(({ detail }) => detail).join('\n');
    expect(details).toMatch(index);
    expect(details).not.toMatch(/SCAN [a-z](?!.*row_sets_discarded)|TEMP B-TREE/);
  });
});
