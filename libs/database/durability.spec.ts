import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@foreman/testing';
import { Database, DatabaseLockedError } from './index';
import { idsInFile } from './spec/scratch';

const REPOSITORY = join(__dirname, '../..');

interface Writer {
  readonly process: ChildProcess;
  /** Whole lines that it has printed. */
  readonly lines: () => string[];
  readonly exited: Promise<number | null>;
}

/** Starts the writing program in a process of its own, optionally with a limit on the size of files. */
function startWriter(
  call: readonly [file: string, round: string, rowBytes: number, stopAfterRefusals: number],
  fileLimitKiB: number | 'unlimited' = 'unlimited',
): Writer {
  const script = `require('./libs/database/spec/writer-process.ts').writeUntilStopped(...${JSON.stringify(call)})`;
  const child = spawn(
    'bash',
    [
      '-c',
      'ulimit -f "$0" && exec "$@"',
      String(fileLimitKiB),
      process.execPath,
      '-r',
      './test/worker-ts.cjs',
      '-e',
      script,
    ],
    { cwd: REPOSITORY, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  return {
    process: child,
    lines: () => output.split('\n').slice(0, -1),
    exited: new Promise((resolve) => child.on('close', resolve)),
  };
}

const marked = (lines: readonly string[], mark: '+' | '-') =>
  lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(1));

describe('what was acknowledged', () => {
  let folder: string;
  let file: string;
  let writers: Writer[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'foreman-'));
    file = join(folder, 'foreman.db');
    writers = [];
  });
  afterEach(async () => {
    for (const writer of writers) writer.process.kill('SIGKILL');
    await Promise.all(writers.map((writer) => writer.exited));
    await rm(folder, { recursive: true, force: true });
  });
  const start = (...args: Parameters<typeof startWriter>) => {
    const writer = startWriter(...args);
    writers.push(writer);
    return writer;
  };
  const open = () =>
    Database.open({ file }, (error) => {
      throw error;
    });
  /** Each caller writes two rows: both are there, or none. */
  const expectWholeCallers = (ids: readonly string[]) => {
    const callers = ids.filter((id) => !id.endsWith('/note'));
    expect(ids.filter((id) => id.endsWith('/note'))).toEqual(callers.map((id) => `${id}/note`));
    return new Set(callers);
  };

  it('survives kill -9 at any moment, and the lock does not, under whatever name', async () => {
    const acknowledged: string[] = [];
    const link = join(folder, 'link.db');
    await symlink('foreman.db', link);
    for (let round = 1; round <= 6; round += 1) {
      const writer = start([link, `round-${round}`, 1000, Number.MAX_SAFE_INTEGER]);
      const wanted = 1 + Math.floor(Math.random() * 300);
      await eventually(
        'the first rows',
        () => marked(writer.lines(), '+').length >= wanted,
        30_000,
      );
      await expect(open()).rejects.toBeInstanceOf(DatabaseLockedError);
      writer.process.kill('SIGKILL');
      await writer.exited;
      acknowledged.push(...marked(writer.lines(), '+'));

      await (await open()).close();
      const present = expectWholeCallers(idsInFile(file).toSorted());
      expect(acknowledged.filter((id) => !present.has(id))).toEqual([]);
    }
  }, 120_000);

  it('is just what the file holds when the disk refuses to take more', async () => {
    const writer = start([file, 'round', 20_000, 40], 3000);
    expect(await writer.exited).toBe(0);
    const acknowledged = marked(writer.lines(), '+');
    expect(acknowledged.length).toBeGreaterThan(10);
    expect(marked(writer.lines(), '-').length).toBeGreaterThanOrEqual(40);
    const present = expectWholeCallers(idsInFile(file).toSorted());
    expect([...present].toSorted()).toEqual(acknowledged.toSorted());
  }, 60_000);
});
