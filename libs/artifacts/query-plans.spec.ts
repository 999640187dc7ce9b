import { openTestEngine, type TestEngine } from '@foreman/testing';
import { FIND, LIST, NAMES } from './artifact-reads';
import { FIND_PUBLISHED, FIND_STAGED, STAGED_OF_TASK } from './artifact.store';
import { ArtifactsModule } from './artifacts.module';
import { RELEASED, RELEASE_ABANDONED } from './blob-registry';
import { CHUNK_AT } from './database-blob-store';
import { DROP_OF_JOBS, DROP_OF_TASKS } from './inputs/input-holds';
import { DUE } from './inputs/input-removal';
import { FIND as FIND_INPUT, LIST as LIST_INPUTS } from './inputs/task-inputs';
import { COMPLETIONS } from './job-completion';
import { NAMESAKES, RETIRED_BESIDE, USAGE_OF_JOB, USAGE_OF_LEASES } from './limits/artifact-usage';
import { CORRUPT_STAGED } from './scrub/scrub.store';
import { STAGED } from './staged-orphans';

describe('the statements of artifacts', () => {
  let engine: TestEngine;

  beforeAll(async () => {
    engine = await openTestEngine(ArtifactsModule.forRoot({ publicUrl: 'http://foreman.test' }));
  });

  afterAll(() => engine.close());

  it.each<[string, string, number, RegExp]>([
    ["a job's list", LIST, 2, /artifacts USING INDEX artifacts_(published|of_job) \(job_id=\?/],
    ['names', NAMES, 5, /artifacts_published \(job_id=\? AND name>\? AND name<\?\)/],
    ['one by name', FIND, 2, /artifacts_published \(job_id=\? AND name=\?\)/],
    [
      'what is published already',
      FIND_PUBLISHED,
      2,
      /artifacts_published \(job_id=\? AND name=\?\)/,
    ],
    ['what is staged', STAGED_OF_TASK, 1, /artifacts_staged \(task_id=\?\)/],
    ['one staged', FIND_STAGED, 2, /artifacts_staged \(task_id=\? AND name=\?\)/],
    [
      "tasks' completions",
      COMPLETIONS,
      2,
      /artifacts USING INDEX artifacts_(published|of_job) \(job_id=\?/,
    ],
    ['a chunk', CHUNK_AT, 2, /\(blob_key=\? AND start_byte<\?\)/],
    [
      'what of it is damaged',
      CORRUPT_STAGED,
      1,
      /^SEARCH artifacts USING INDEX artifacts_staged \(task_id=\?\)\nSEARCH corrupt_blobs USING .*\(blob_key=\?\)$/,
    ],
    ['released blobs', RELEASED, 3, /INDEX blobs_released/],
    ['abandoned blobs', RELEASE_ABANDONED, 3, /blobs_unfinished \(written_at<\?\)/],
    [
      'inputs that are due',
      DUE,
      4,
      /inputs USING (COVERING )?INDEX inputs_expiring \(.*expires_at<\?\)/,
    ],
    ["a task's inputs", LIST_INPUTS, 3, /named USING INDEX \S+ \(task_id=\?\)[^]*\(job_id=\?\)/],
    ["a task's input", FIND_INPUT, 5, /\(task_id=\? AND name=\?\)[^]*\(job_id=\? AND name=\?\)/],
    [
      "a job's holds",
      DROP_OF_JOBS('?, ?'),
      3,
      /job_inputs USING (COVERING )?INDEX \S+ \(job_id=\?\)/,
    ],
    [
      "its tasks' holds",
      DROP_OF_TASKS('?, ?'),
      3,
      /task_inputs USING (COVERING )?INDEX \S+ \(task_id=\?\)/,
    ],
    [
      'how much a job has, of no artifact',
      USAGE_OF_JOB,
      1,
      /^SEARCH jobs USING INDEX \S+ \(id=\?\)\nSEARCH job_artifact_usage USING INDEX \S+ \(job_id=\?\)( LEFT-JOIN)?$/,
    ],
    [
      'how much leases have staged, of no artifact',
      USAGE_OF_LEASES,
      1,
      /^SEARCH lease_artifact_usage USING INDEX \S+ \(task_id=\?\)$/,
    ],
    [
      'those of one name',
      NAMESAKES,
      4,
      /artifacts_staged \(task_id=\? AND name=\?\)[^]*artifacts_published \(job_id=\? AND name=\?\)/,
    ],
    [
      'what a lease has staged again',
      RETIRED_BESIDE,
      5,
      /^SEARCH mine USING INDEX artifacts_staged \(task_id=\?\)\nSEARCH published USING INDEX artifacts_published \(job_id=\? AND name=\?\)$/,
    ],
    [
      'a page of what is staged',
      STAGED,
      3,
      /^SEARCH artifacts USING INDEX artifacts_staged \(\(?task_id[^]*tasks USING INDEX \S+ \(id=\?\)$/,
    ],
  ])('%s: by its index', async (_what, sql, params, index) => {
    const plan = await engine.reads.query<{ detail: string }>(
      `EXPLAIN QUERY PLAN ${sql}`,
      Array.from({ length: params }, () => 1),
    );
    expect(plan.map(({ detail }) => detail).join('\n')).toMatch(index);
  });
});
