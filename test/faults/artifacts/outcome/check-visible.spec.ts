import { Database } from '@foreman/database';
import { SystemClock } from '@foreman/kernel';
import { type InProcessGateway, startInProcess } from '../../../e2e/harness/in-process-gateway';
import { type JobEntry, Ledger } from '../ledger';
import { EdgeCalls } from '../load/edge-calls';
import { GatewayLink } from '../load/gateway-link';
import { KillTrigger } from '../load/kill-trigger';
import { ServiceCalls } from '../load/service-calls';
import { Worker } from '../load/worker';
import type { ArtifactPlan, JobPlan } from '../plan/job-plan';
import { checkVisible } from './check-visible';

const artifact = (name: string, way: ArtifactPlan['way'], size: number): ArtifactPlan => ({
  name,
  way,
  replaced: null,
  bytes: { seed: name, size },
});

/** Two tasks of two artifacts each, with an input. */
const PLAN: JobPlan = {
  input: { bytes: { seed: 'input', size: 20_000 }, isDeleted: false },
  ttlSeconds: 3600,
  isCancelled: false,
  tasks: [
    { artifacts: [artifact('big', 'put', 300_000), artifact('note', 'inline', 10)] },
    { artifacts: [artifact('big', 'signed', 20_000), artifact('small', 'put', 10)] },
  ],
};

const OF_BIG = `(SELECT blob_key FROM artifacts WHERE name = '0.big')`;

/** What is done to the database beneath the gateway, and how it is told. */
const DAMAGES: Record<string, [sql: string, finding: RegExp]> = {
  'a byte is another one': [
    `UPDATE blob_chunks SET bytes = CAST('X' || substr(bytes, 2) AS blob)
     WHERE blob_key = ${OF_BIG} AND start_byte = 0`,
    /the bytes of 0\.big are not those of its digest/,
  ],
  'an artifact is another one, with its own digest': [
    `UPDATE artifacts SET (size, sha256) =
       (SELECT size, sha256 FROM artifacts WHERE name = '1.big') WHERE name = '0.big'`,
    /0\.big is not what was sent/,
  ],
  'an acknowledged artifact is not there': [
    `DELETE FROM artifacts WHERE name = '1.small'`,
    /only 1 of 2 acknowledged artifacts are there/,
  ],
  'the completion is not there': [
    `DELETE FROM artifacts WHERE name = 'completion'`,
    /it is completed, and its completion is not there/,
  ],
  'an artifact is there that nobody sent': [
    `UPDATE artifacts SET name = '1.stray' WHERE name = '1.small'`,
    /nobody sent 1\.stray/,
  ],
  'a job is gone before its time': [`UPDATE jobs SET hidden_at = 1`, /it is gone before its time/],
  'an acknowledged job is queued again': [
    `UPDATE jobs SET status = 'queued', finalized_at = NULL, expires_at = NULL`,
    /it was completed and is queued/,
  ],
  'an input is gone before its time': [
    `UPDATE inputs SET hidden_at = 1`,
    /input .* is gone before its time/,
  ],
  'an input is not stored': [
    `UPDATE inputs SET holds = 0, stored_at = NULL, sha256 = NULL, size = NULL`,
    /input .* is not stored/,
  ],
};

/** What the ledger knows when the gateway dies earlier, and what may then not be seen. */
const EARLIER: Record<string, [sql: string, know: (job: JobEntry) => void, finding: RegExp]> = {
  'an artifact can be seen before its completion was sent': [
    '',
    ({ tasks }) => tasks[1] && (tasks[1].completion = 'open'),
    /1\.big, 1\.small can be seen before the completion/,
  ],
  'a completion that was not answered is half there': [
    `DELETE FROM artifacts WHERE name = '1.big'`,
    ({ tasks }) => tasks[1] && (tasks[1].completion = 'asked'),
    /1\.small can be seen, and the others of the task cannot/,
  ],
  'a cancelled job has artifacts': [
    '',
    (job) => (job.cancellation = 'acknowledged'),
    /it was cancelled and has artifacts/,
  ],
  'bytes of an input that was not answered are others': [
    `UPDATE input_blobs SET sha256 = 'other'; UPDATE inputs SET sha256 = 'other'`,
    ({ input }) => input && (input.storage = 'asked'),
    /input .* is not what was sent/,
  ],
};

describe('checkVisible', () => {
  const clock = new SystemClock();
  const ledger = new Ledger();
  let gateway: InProcessGateway;

  beforeAll(async () => {
    gateway = await startInProcess();
    const { token } = await gateway.enrolEdge(['test']);
    const link = new GatewayLink();
    link.open(gateway);
    const trigger = new KillTrigger();
    const edge = new EdgeCalls(link, trigger, token);
    const service = new ServiceCalls(link, trigger, gateway.adminToken);
    const onFinding = (finding: string) => {
      throw new Error(finding);
    };
    const parts = { name: 'one', kind: 'test', edge, service, ledger, clock, onFinding };
    const worker = new Worker({ ...parts, planOf: () => PLAN });
    const working = worker.run();
    worker.stop();
    await working;
  });
  afterAll(() => gateway.stop());

  const look = (known: Ledger = ledger, nowMs = clock.now()) =>
    checkVisible({ baseUrl: gateway.baseUrl, adminToken: gateway.adminToken, nowMs }, known);

  /** The same jobs, with what is noted in them their own. */
  function copyOf(original: Ledger): Ledger {
    const copy = new Ledger();
    copy.jobs.push(...structuredClone(original.jobs));
    return copy;
  }

  /** With the database changed, and nothing of it left afterwards. */
  async function findingsWith(sql: string, known: Ledger, nowMs?: number): Promise<string[]> {
    const { driver } = gateway.app.get(Database);
    // The last one, as what is read while it is damaged is marked as such.
    const tables = ['jobs', 'artifacts', 'blob_chunks', 'inputs', 'input_blobs', 'corrupt_blobs'];
    driver.pragma('foreign_keys = OFF');
    for (const table of tables) {
      driver.exec(`CREATE TEMP TABLE kept_${table} AS SELECT * FROM ${table}`);
    }
    driver.exec(sql);
    try {
      return [...(await look(known, nowMs)).findings];
    } finally {
      for (const table of tables) {
        driver.exec(`DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM kept_${table}`);
        driver.exec(`DROP TABLE kept_${table}`);
      }
      driver.pragma('foreign_keys = ON');
    }
  }

  it('finds nothing in what was acknowledged and is there', async () => {
    expect(await look()).toEqual({ findings: [], artifacts: 5 });
  });

  it.each(Object.entries(DAMAGES))('finds that %s', async (_what, [sql, finding]) => {
    const findings = await findingsWith(sql, copyOf(ledger));
    expect(findings).toContainEqual(expect.stringMatching(finding));
    expect((await look()).findings).toEqual([]);
  });

  it.each(Object.entries(EARLIER))('finds that %s', async (_what, [sql, know, finding]) => {
    const known = copyOf(ledger);
    for (const job of known.jobs) know(job);
    const findings = await findingsWith(sql, known);
    expect(findings).toContainEqual(expect.stringMatching(finding));
  });

  it('takes a job for rightly gone after its time', async () => {
    const known = copyOf(ledger);
    const later = clock.now() + PLAN.ttlSeconds * 1000;
    expect(await findingsWith('UPDATE jobs SET hidden_at = 1', known, later)).toEqual([]);
    expect(known.jobs.map(({ isGone }) => isGone)).toEqual([true]);
  });
});
