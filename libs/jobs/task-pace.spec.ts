import { openTestEngine, type TestEngine } from '@foreman/testing';
import { JobQueries } from './job-queries';
import { JobViews } from './job-views';
import { paceOf } from './task-pace';

/** Columns of one task. */
interface Progress {
  readonly processed: number;
  readonly total?: number;
  readonly rate?: number;
  readonly stalled?: boolean;
  readonly secondsAgo?: number;
}

describe('pace', () => {
  it.each([
    [null, 100, null, null],
    [2, null, 2, null],
    [0, 100, 0, null],
    [3, 100, 3, 34],
    [2, 0, 2, 0],
    [1 / 3, 1, 0.3333, 3],
    [1e-6, Number.MAX_SAFE_INTEGER, 1e-6, null],
  ])('at %d/s with %d to do: %d/s, %d s', (rate, remaining, ratePerSecond, etaSeconds) => {
    expect(paceOf(rate, remaining)).toEqual({ ratePerSecond, etaSeconds });
  });

  describe('of a job and its tasks', () => {
    let engine: TestEngine;
    beforeEach(async () => {
      engine = await openTestEngine();
    });
    afterEach(() => engine.close());

    /** A job of which so many tasks are leased, with this progress, and `waiting` are not. */
    const running = async (leased: readonly Progress[], waiting = 0, leaseSeconds = 60) => {
      const tasks = Array.from({ length: leased.length + waiting }, () => ({}));
      const { id } = await engine.submit({ tasks, leaseSeconds });
      const now = engine.clock.now();
      for (const [index, progress] of leased.entries()) {
        const { taskId } = await engine.lease(id, index);
        await engine.unitOfWork.run((tx) =>
          tx.execute(
            `UPDATE tasks SET processed = ?, total = ?, progress_rate = ?, progress_at = ?, stalled_at = ?
             WHERE id = ?`,
            [
              progress.processed,
              progress.total ?? null,
              progress.rate ?? null,
              now - (progress.secondsAgo ?? 0) * 1000,
              progress.stalled === true ? now : null,
              taskId,
            ],
          ),
        );
      }
      await engine.unitOfWork.run((tx) =>
        tx.execute(`UPDATE jobs SET status = 'running', started_at = ? WHERE id = ?`, [now, id]),
      );
      return id;
    };
    const ofJob = async (jobId: string) => {
      const view = await engine.get(JobViews).one(engine.reads, jobId);
      return [view?.progress.ratePerSecond, view?.progress.etaSeconds];
    };
    const ofTasks = async (jobId: string) => {
      const page = { limit: 50, cursor: null };
      const { items } = await engine.get(JobQueries).tasks(engine.reads, jobId, page);
      return items.map(({ pace }) => [pace.ratePerSecond, pace.etaSeconds]);
    };

    it('the rates of the leased tasks add up; all that is open is to be done at that rate', async () => {
      const first = { processed: 40, total: 100, rate: 2 };
      const id = await running([first, { processed: 10, total: 100, rate: 1 }]);
      expect(await ofJob(id)).toEqual([3, 50]);
      expect(await ofTasks(id)).toEqual([
        [2, 30],
        [1, 90],
      ]);
    });

    it('there is no rate before the first report of a task, and no ETA before all have told their total', async () => {
      expect(await ofJob(await running([{ processed: 0 }]))).toEqual([null, null]);
      const known = { processed: 40, total: 100, rate: 2 };
      expect(await ofJob(await running([known, { processed: 0 }]))).toEqual([2, null]);
      expect(await ofJob(await running([known], 1))).toEqual([2, null]);
    });

    it('a task that has done more than its total has nothing left, and takes nothing from others', async () => {
      const over = { processed: 500, total: 100, rate: 1 };
      expect(await ofJob(await running([over, { processed: 0, total: 10, rate: 1 }]))).toEqual([
        2, 5,
      ]);
    });

    it.each<[string, Progress, number, number]>([
      ['stands still', { processed: 40, total: 100, rate: 2, stalled: true }, 60, 0],
      ['is not heard of', { processed: 40, total: 100, rate: 2, secondsAgo: 120 }, 60, 0],
      ['was heard of', { processed: 40, total: 100, rate: 2, secondsAgo: 119 }, 60, 2],
      [
        'was heard of in its lease',
        { processed: 40, total: 100, rate: 2, secondsAgo: 899 },
        900,
        2,
      ],
      [
        'is not heard of in its lease',
        { processed: 4, total: 9, rate: 2, secondsAgo: 900 },
        900,
        0,
      ],
    ])('a task that %s: the same for it and its job', async (_what, progress, lease, rate) => {
      const id = await running([progress], 0, lease);
      const [task] = await ofTasks(id);
      expect(task?.[0]).toBe(rate);
      expect(await ofJob(id)).toEqual(task);
    });

    it('what does not run has none', async () => {
      const id = await running([{ processed: 40, total: 100, rate: 2 }]);
      await engine.unitOfWork.run((tx) => tx.execute(`UPDATE jobs SET status = 'queued'`, []));
      expect(await ofJob(id)).toEqual([null, null]);
      await engine.unitOfWork.run((tx) => tx.execute(`UPDATE jobs SET status = 'running'`, []));
      await engine.unitOfWork.run((tx) =>
        tx.execute(
          `UPDATE tasks SET status = 'queued', lease_token = NULL, lease_edge_id = NULL,
             lease_expires_at = NULL, leased_at = NULL`,
          [],
        ),
      );
      expect(await ofJob(id)).toEqual([null, null]);
      expect(await ofTasks(id)).toEqual([[null, null]]);
    });

    it('stalled tasks are counted', async () => {
      const stalled = { processed: 1, stalled: true };
      const id = await running([stalled, { processed: 1 }, stalled]);
      expect((await engine.get(JobViews).one(engine.reads, id))?.stalledTasks).toBe(2);
    });
  });
});
