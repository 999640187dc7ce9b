import * as fc from 'fast-check';
import { ArtifactRemoval } from '../artifact-removal';
import { ArtifactLab } from '../spec/artifact-lab';
import { NAMES, RandomLife, lifeStep, type LifeStep } from '../spec/random-life';
import { usageBeside, usageOfJob, type StagingPlace, type Usage } from './artifact-usage';

const put = (name: string): LifeStep => ({ do: 'put', task: 0, name, size: 7 });

const LEFT_BY_A_LEASE: LifeStep[] = [put('a'), put('b'), { do: 'relapse', task: 0 }, put('b')];
const KEPT_BY_A_RUN: LifeStep[] = [
  ...[put('a'), put('b')],
  ...([{ do: 'keep', task: 0 }, { do: 'retry' }] satisfies LifeStep[]),
  ...[put('a'), put('c')],
];

/** Some 500 steps, each held against a count of everything. */
jest.setTimeout(120_000);

interface ScannedArtifact {
  readonly task_id: string | null;
  readonly state: string;
  readonly lease_token: string | null;
  readonly name: string;
  readonly size: number;
}

describe('what tasks and jobs have', () => {
  let lab: ArtifactLab;
  beforeEach(async () => {
    lab = await ArtifactLab.open();
  });
  afterEach(() => lab.close());

  const query = <Row>(sql: string, params: string[] = []) =>
    lab.engine.reads.query<Row>(sql, params);

  const counts = () =>
    query(`SELECT job_id AS id, '' AS lease, artifacts, bytes FROM job_artifact_usage
      UNION ALL SELECT task_id, lease_token, artifacts, bytes FROM lease_artifact_usage
      ORDER BY 1, 2`);
  const scan = () =>
    query(`SELECT job_id AS id, '' AS lease, count(*) AS artifacts, sum(size) AS bytes
        FROM artifacts GROUP BY job_id
      UNION ALL SELECT task_id, lease_token, count(*), sum(size) FROM artifacts
        WHERE state = 'staged' GROUP BY task_id, lease_token ORDER BY 1, 2`);

  /** What stands beside, by looking at every artifact of the job. */
  async function scannedBeside(place: StagingPlace): Promise<{ task: Usage; job: Usage }> {
    const { jobId, taskId, taskIndex, leaseToken, name } = place;
    const all = await query<ScannedArtifact>('SELECT * FROM artifacts WHERE job_id = ?', [jobId]);
    const mine = all.filter((one) => one.task_id === taskId && one.lease_token === leaseToken);
    const taken = new Set(
      [name, ...mine.map((one) => one.name)].map((one) => `${taskIndex}.${one}`),
    );
    const stays = (one: ScannedArtifact) => {
      if (one.state === 'published') return !taken.has(one.name);
      return one.task_id !== taskId || (one.lease_token === leaseToken && one.name !== name);
    };
    return {
      task: usageOf(mine.filter((one) => one.name !== name)),
      job: usageOf(all.filter(stays)),
    };
  }

  async function expectExact({ leases }: RandomLife): Promise<void> {
    expect(await counts()).toEqual(await scan());
    const { reads } = lab.engine;
    for (const [taskIndex, lease] of leases.entries()) {
      for (const name of NAMES) {
        const place = { ...lease, taskIndex, name };
        expect(await usageBeside(reads, place)).toEqual(await scannedBeside(place));
      }
      const sizes = await query<ScannedArtifact>('SELECT size FROM artifacts WHERE job_id = ?', [
        lease.jobId,
      ]);
      expect(await usageOfJob(reads, lease.jobId)).toEqual(usageOf(sizes));
    }
  }

  it('is counted as looking at every artifact would count it, whatever happened', async () => {
    const steps = fc.array(lifeStep, { minLength: 30, maxLength: 40, size: 'max' });
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const life = await RandomLife.begin(lab);
        for (const step of all) {
          await life.live(step);
          await expectExact(life);
        }
      }),
      { numRuns: 15, examples: [[LEFT_BY_A_LEASE], [KEPT_BY_A_RUN]] },
    );
  });

  it('leaves no count behind where nothing is left', async () => {
    const { job, leases } = await lab.leaseAll(2);
    for (const lease of leases) await lab.put(lease, 'a', 'aa');
    const [first] = leases;
    if (first !== undefined) await lab.complete(first, [], job);
    expect(await counts()).toHaveLength(2);
    const { clock, unitOfWork } = lab.engine;
    await unitOfWork.run((tx) =>
      lab.engine.get(ArtifactRemoval).removeBatch(tx, [job.id], 10, clock.now()),
    );
    expect(await counts()).toEqual([]);
  });
});

function usageOf(some: readonly { size: number }[]): Usage {
  return { count: some.length, bytes: some.reduce((sum, { size }) => sum + size, 0) };
}
