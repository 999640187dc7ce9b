import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayProcess, makeDataFolder } from './harness';
import { fencedBlocks, sectionOf } from './readme/markdown';
import { type BlocksRun, runBlocks } from './readme/run-blocks';

const README = join(__dirname, '../../README.md');

describe('the walk-through of the README, as it stands there', () => {
  let folder: Awaited<ReturnType<typeof makeDataFolder>>;
  let gateway: GatewayProcess;
  let blocks: string[];
  let run: BlocksRun;

  /** What the one block that holds `mark` wrote, line by line. */
  const linesOf = (mark: string): string[] => {
    const found = blocks.flatMap((block, index) => (block.includes(mark) ? [index] : []));
    expect(found).toHaveLength(1);
    return (run.outputs[found[0] ?? -1] ?? '').trimEnd().split(/\r?\n/);
  };

  beforeAll(async () => {
    folder = await makeDataFolder();
    // The README says `npm start` in this folder: its data is in `data`.
    gateway = await GatewayProcess.start(join(folder.path, 'data'), {
      FOREMAN_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
      // So that the run of a full minute does not come before the one that the README asks for.
      FOREMAN_RETENTION_CRON: '0 0 1 1 *',
    });
    blocks = fencedBlocks(
      sectionOf(await readFile(README, 'utf8'), 'Walk through the protocol'),
      'sh',
    );
    const environment = { FOREMAN_URL: gateway.baseUrl };
    run = await runBlocks(blocks, { folder: folder.path, environment });
  }, 60_000);
  afterAll(async () => {
    await gateway.terminate();
    await folder.remove();
  });

  it('goes through to its end', () => {
    expect(run.errors).toBe('');
    expect([run.code, run.outputs.length]).toEqual([0, blocks.length]);
    expect(blocks.length).toBeGreaterThan(10);
  });

  it('makes the two kinds of token', () => {
    expect(linesOf('/admin/enrolments')).toEqual(['fmk_... fmn_...']);
  });

  it('says why the job waits while no edge is there', () => {
    expect(linesOf('/explain')).toEqual(['no_capable_edge']);
  });

  it('leases the task with its payload', () => {
    expect(linesOf('/internal/edges/enroll')).toEqual(['3']);
  });

  it('shows the progress of a heartbeat', () => {
    expect(linesOf('"status": "squaring"')).toEqual(['continue', 'squaring']);
  });

  it('counts the rows, posted and streamed', () => {
    expect(linesOf('x-ndjson')).toEqual(['2', '3']);
  });

  it('completes twice to the same answer, and refuses another call under the lease', () => {
    expect(linesOf('$TASK_URL/complete')).toEqual(['completed', 'completed', 'lease.lost']);
  });

  it('verifies the webhook with openssl', () => {
    expect(linesOf('HEX_KEY=')).toEqual(['job.completed', '9']);
  });

  it('reads the job, its rows best first, its bytes and its delivery', () => {
    expect(linesOf('fetched.csv')).toEqual([
      '3',
      '3',
      'taskIndex,configId,config.n,metrics.square',
      '0,1,1,1',
      '0,2,2,4',
      '0,3,3,9',
    ]);
  });

  it('deletes the job, and retention removes it with all that it had', () => {
    expect(linesOf('/admin/retention/run')).toEqual(['job.not_found', '1']);
  });
});
