import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type DataFolder, makeDataFolder } from './harness';

const ROOT = join(__dirname, '../..');
/** From its sources: only the gateway has to be built. */
const PROGRAM = ['-r', join(ROOT, 'test/worker-ts.cjs'), join(ROOT, 'test/faults/main.ts')];
const WITHIN_MS = 180_000;

/** Smaller than `npm run faults -- network`, and worse: so every fault happens within seconds. */
const BOUNDS = ['--agents', '8', '--tasks', '40', '--share', '0.2', '--late-seconds', '5'];

describe('agents on a bad network', () => {
  let folder: DataFolder;

  beforeAll(async () => {
    folder = await makeDataFolder();
  });
  afterAll(() => folder.remove());

  const faults = (...args: string[]) =>
    promisify(execFile)(process.execPath, [...PROGRAM, ...args], {
      env: { PATH: process.env['PATH'], TMPDIR: folder.path },
    });

  it(
    'do every task exactly once, whatever is dropped, cut, delayed and duplicated',
    async () => {
      // A failure shows all that it has to say: its seed first.
      const { stdout } = await faults('network', ...BOUNDS).catch((error: unknown) => ({
        stdout: textOf(error),
      }));
      expect(stdout).toMatch(/^seed \d+\n40 tasks /);
      expect(stdout).toMatch(/all is well\n$/);
      const left = (await readdir(folder.path)).filter((name) => name.startsWith('foreman'));
      expect(left).toEqual([]);
    },
    WITHIN_MS,
  );

  it('the program says how it is used when it is asked for a run that there is not', async () => {
    await expect(faults('nothing')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('npm run faults -- network') as string,
    });
  });
});

/** What a program that failed has printed. */
function textOf(error: unknown): string {
  const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
  return `${stdout}${stderr}` || String(error);
}
