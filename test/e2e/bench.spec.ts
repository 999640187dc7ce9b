import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '../..');
/** From its sources: only the gateway that it measures has to be built. */
const PROGRAM = ['-r', join(ROOT, 'test/worker-ts.cjs'), join(ROOT, 'test/bench/main.ts')];
const WITHIN_MS = 300_000;

const ROWS = [
  'submit',
  'lease + heartbeat + complete',
  'POST /jobs',
  'POST tasks/next',
  'POST tasks/:id/heartbeat',
  'POST tasks/:id/results (100 rows)',
  'PUT tasks/:id/artifacts/:name (4 KiB)',
  'POST tasks/:id/complete',
  'GET /jobs/:id',
  'GET /jobs/:id/artifacts/:name (4 KiB)',
];

const VARIANTS = ['as it is', 'one lane for all'];

interface Row {
  readonly name: string;
  readonly ratio: number;
}

interface Report {
  readonly engine: readonly Row[];
  readonly http: readonly Row[];
  readonly lanes: { besideUploads: { writes: number; p99Ms: number } };
  readonly results: { incoming: Row; flows: { name: string; rowsPerSecond: number }[] };
  readonly lists: { calls: { name: string; cpuMs: number[] }[] };
  readonly transfers: { name: string; writes: { beside: { count: number } } }[];
  readonly webhooks: { drained: number; mostAtOneHost: number; beside: { events: number } };
  readonly polls: { idleStatements: number; many: { tasks: number; p99FromCallMs: number } };
}

/** That it runs and tells everything; what it measures is no business of a test. */
describe('npm run bench -- --quick', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'foreman-bench-spec-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const bench = (...args: string[]) =>
    promisify(execFile)(process.execPath, [...PROGRAM, ...args], {
      env: { PATH: process.env['PATH'], TMPDIR: folder },
    });

  it(
    'prints every row, writes the same as JSON, and leaves nothing behind',
    async () => {
      const json = join(folder, 'report.json');
      const { stdout } = await bench('--quick', '--json', json);
      const firstCells = stdout.split('\n').map((line) => line.split(/ {2,}/)[0]);
      expect(firstCells).toEqual(expect.arrayContaining(ROWS));
      expect(stdout).toContain('beside 64 uploads of 8 MiB');
      expect(stdout).toContain('200 parked polls, 1 s: 0 SQL statements');
      expect(stdout).toContain('of 20000 rows');
      expect(firstCells).toEqual(expect.arrayContaining(['first 50 by a metric', 'summary']));

      const report = JSON.parse(await readFile(json, 'utf8')) as Report;
      const rows = [...report.engine, ...report.http];
      expect(rows.map(({ name }) => name)).toEqual(ROWS);
      expect(rows.filter(({ ratio }) => !(ratio > 0))).toEqual([]);
      expect(report.lanes.besideUploads.writes).toBeGreaterThan(0);
      expect(report.lists.calls.length).toBeGreaterThan(10);
      expect(report.lists.calls.filter(({ cpuMs }) => cpuMs.length !== 2)).toEqual([]);
      expect(report.polls.idleStatements).toBe(0);
      expect(report.polls.many).toMatchObject({ tasks: 20, p99FromCallMs: expect.any(Number) });
      const flows = report.results.flows.map(({ name }) => name);
      expect(flows).toEqual(['NDJSON in', 'CSV out', 'NDJSON out']);
      expect(report.results.incoming.ratio).toBeGreaterThan(0);
      expect(report.transfers.map(({ name }) => name)).toEqual(VARIANTS);
      expect(report.transfers.filter(({ writes }) => writes.beside.count === 0)).toEqual([]);
      expect(report.webhooks).toMatchObject({ drained: 636, beside: { events: 10 } });
      expect(report.webhooks.mostAtOneHost).toBeLessThanOrEqual(4);
      const left = (await readdir(folder)).filter((name) => name.startsWith('foreman'));
      expect(left).toEqual([]);
    },
    WITHIN_MS,
  );

  it('says how it is used when it is asked for what there is not', async () => {
    await expect(bench('--only', 'nothing')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--quick'),
    });
  });
});
