import { openTestEngine, type TestEngine } from '@foreman/testing';
import { listJobs, type JobFilter } from './job-list';
import type { JobStatus } from './job-state';

interface WrittenJob {
  readonly id: string;
  readonly status: JobStatus;
  readonly kind: string;
  readonly queue: string;
  readonly createdAt: number;
  readonly isHidden: boolean;
  /** Edges that have held its task. */
  readonly edges: readonly string[];
}

describe('the list of jobs', () => {
  let engine: TestEngine;

  beforeEach(async () => {
    engine = await openTestEngine();
  });
  afterEach(() => engine.close());

  /** As they would be after their time; several in a millisecond. */
  function write(count: number, choose: (n: number) => Partial<WrittenJob>): WrittenJob[] {
    const { driver } = engine.database;
    const job = driver.prepare(
      `INSERT INTO jobs (id, kind, queue, status, priority, metadata, on_task_failure, max_attempts, lease_seconds,
         ttl_seconds, task_count, run, event_seq, created_at, started_at, finalized_at, hidden_at, error_code)
       VALUES (?, ?, ?, ?, 0, '{}', 'fail', 3, 60, 0, 1, 1, 1, ?, 0, ?, ?, ?)`,
    );
    const task = driver.prepare(
      `INSERT INTO tasks (id, job_id, task_index, kind, queue, priority, status, available_at, max_attempts,
         lease_seconds, attempt, burnt_attempts, returned_expiries, created_at)
       VALUES (?, ?, 0, 'k', 'q', 0, 'queued', 0, 3, 60, 0, 0, 0, ?)`,
    );
    const attempt = driver.prepare(
      `INSERT INTO attempts (task_id, number, edge_id, lease_token, leased_at) VALUES (?, ?, ?, ?, 0)`,
    );
    const jobs: WrittenJob[] = [];
    driver.transaction(() => {
      for (let n = 0; n < count; n += 1) {
        const made: WrittenJob = {
          id: engine.ids.uuid(),
          status: 'completed',
          kind: 'a',
          queue: 'q',
          createdAt: Math.floor(n / 3),
          isHidden: false,
          edges: [],
          ...choose(n),
        };
        const { id, kind, queue, status, createdAt, edges } = made;
        const isOver = status !== 'queued' && status !== 'running';
        const error = status === 'failed' ? 'x' : null;
        const hiddenAt = made.isHidden ? 1 : null;
        job.run(id, kind, queue, status, createdAt, isOver ? 1 : null, hiddenAt, error);
        task.run(`t${id}`, id, createdAt);
        for (const [number, edge] of edges.entries()) {
          attempt.run(`t${id}`, number + 1, edge, `l${id}/${number}`);
        }
        jobs.push(made);
      }
    })();
    return jobs;
  }

  /** All pages, one after the other. */
  async function pagesOf(filter: JobFilter, limit: number): Promise<string[][]> {
    const pages: string[][] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof listJobs>> = await listJobs(engine.reads, filter, {
        limit,
        cursor,
      });
      pages.push(page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    return pages;
  }

  const expected = (jobs: readonly WrittenJob[], filter: JobFilter) =>
    jobs
      .filter(
        (job) =>
          !job.isHidden &&
          (filter.status === undefined || job.status === filter.status) &&
          (filter.kind === undefined || job.kind === filter.kind) &&
          (filter.queue === undefined || job.queue === filter.queue) &&
          (filter.edgeId === undefined || job.edges.includes(filter.edgeId)) &&
          job.createdAt > (filter.createdAfter ?? -1) &&
          job.createdAt < (filter.createdBefore ?? Infinity),
      )
      .toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
      .map(({ id }) => id);

  it('answers every combination of filters whole and in order, whatever the page', async () => {
    const jobs = write(400, (n) => ({
      status: (['completed', 'failed', 'running', 'queued'] as const)[(n * 7) % 4],
      kind: ['a', 'b', 'c'][(n * 5) % 3],
      queue: n % 11 === 0 ? 'rare' : 'q',
      isHidden: n % 13 === 0,
      edges: n % 2 === 0 ? ['e1'] : n % 5 === 0 ? ['e2', 'e1', 'e2'] : [],
    }));
    const choices = {
      status: [undefined, 'failed'],
      kind: [undefined, 'b', 'none'],
      queue: [undefined, 'q', 'rare'],
      edgeId: [undefined, 'e1', 'e2', 'nobody'],
      createdAfter: [undefined, 20],
      createdBefore: [undefined, 90],
    };
    let filters: Record<string, unknown>[] = [{}];
    for (const [name, values] of Object.entries(choices)) {
      filters = filters.flatMap((filter) => values.map((value) => ({ ...filter, [name]: value })));
    }
    for (const filter of filters as JobFilter[]) {
      const pages = await pagesOf(filter, 37);
      expect([filter, pages.flat()]).toEqual([filter, expected(jobs, filter)]);
      for (const page of pages.slice(0, -1)) expect(page).toHaveLength(37);
    }
  });

  it('walks the filter that lets the fewest through just there', async () => {
    const jobs = write(9000, (n) => ({
      kind: n % 4000 === 7 ? 'rare' : 'a',
      status: n % 3000 === 5 ? 'failed' : 'completed',
      edges: n % 2500 === 9 ? ['e1'] : ['e2'],
    }));
    for (const filter of [
      { kind: 'rare', status: 'completed' },
      { kind: 'a', status: 'failed' },
      { status: 'failed', edgeId: 'e2' },
      { edgeId: 'e1', kind: 'a', queue: 'q' },
      { kind: 'rare', status: 'failed' },
    ] as const) {
      expect(await pagesOf(filter, 50)).toEqual([expected(jobs, filter)]);
    }
  });

  it('looks at a bounded number where filters have next to nothing in common, and goes on from there', async () => {
    // Every other one is of the one kind, and those have failed, but for the oldest.
    const jobs = write(9001, (n) => ({
      kind: n % 2 === 0 ? 'a' : 'b',
      status: n === 0 || n % 2 === 1 ? 'failed' : 'completed',
    }));
    const filter = { kind: 'a', status: 'failed' } as const;
    const pages = await pagesOf(filter, 50);
    expect(pages.flat()).toEqual(expected(jobs, filter));
    expect(pages).toEqual([[], [], [jobs[0]?.id]]);
  });

  it('passes over hidden jobs of an edge', async () => {
    const jobs = write(4500, (n) => ({ edges: ['e1'], isHidden: n > 5 }));
    const pages = await pagesOf({ edgeId: 'e1' }, 50);
    expect(pages.flat()).toEqual(expected(jobs, { edgeId: 'e1' }));
    expect(pages).toHaveLength(3);
  });
});
