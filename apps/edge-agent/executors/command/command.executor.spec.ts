import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskFailure } from '@foreman/edge-sdk';
import { SystemClock } from '@foreman/kernel';
import { RecordingContext, leasedTask } from '../../spec/recording-context';
import type { AllowedCommand } from './allowed-command';
import { CommandExecutor } from './command.executor';

/** Real programs: this Node, running what the test says. */
function node(script: string, more: Partial<AllowedCommand> = {}): AllowedCommand {
  return {
    program: process.execPath,
    args: ['-e', script],
    env: {},
    outputType: 'application/json',
    maxOutputBytes: 10_000,
    retryOnFailure: true,
    ...more,
  };
}

describe('CommandExecutor', () => {
  let context: RecordingContext;

  beforeEach(() => {
    context = new RecordingContext();
  });

  const run = (command: AllowedCommand, payload: Record<string, unknown> = {}) =>
    new CommandExecutor(new Map([['job', command]]), new SystemClock()).run(
      leasedTask('command', { command: 'job', ...payload }),
      context,
    );
  const failure = (running: Promise<unknown>) =>
    running.then(
      () => null,
      (error: unknown) => error as TaskFailure,
    );

  it('gives the payload to stdin and stores stdout as the completion', async () => {
    await run(node('process.stdin.pipe(process.stdout)'), { input: { a: '$(id) `id`' } });
    expect(context.artifacts.get('completion')).toEqual({
      name: 'completion',
      contentType: 'application/json',
      body: Buffer.from('{"command":"job","input":{"a":"$(id) `id`"}}'),
    });
  });

  it('takes arguments from its own configuration only', async () => {
    const command = node('console.log(JSON.stringify(process.argv.slice(1)))', {});
    await run({ ...command, args: [...command.args, '--', 'mine'] }, { args: ['theirs'] });
    expect(context.artifacts.get('completion')?.body.toString()).toBe('["mine"]\n');
  });

  it('passes on nothing of its own environment', async () => {
    await run(node('console.log(JSON.stringify(process.env))', { env: { A: '1' } }));
    const seen = JSON.parse(String(context.artifacts.get('completion')?.body)) as object;
    expect(Object.keys(seen).filter((name) => !name.startsWith('__'))).toEqual(['A']);
  });

  it('reads progress lines from stderr', async () => {
    await run(
      node(
        'console.error("progress 1/3 first\\nother\\nprogress 2/3"); process.stderr.write("progress 3/3 last")',
      ),
    );
    expect(context.reports).toEqual([
      { processed: 1, total: 3, status: 'first' },
      { processed: 2, total: 3 },
      { processed: 3, total: 3, status: 'last' },
    ]);
  });

  it('fails with what stderr said, retryable as configured', async () => {
    const command = node('console.error("no disk"); process.exit(3)', { retryOnFailure: false });
    expect(await failure(run(command))).toMatchObject({
      code: 'command.failed',
      message: 'the program exited with 3: no disk',
      retryable: false,
    });
    expect(context.artifacts.size).toBe(0);
    expect(await failure(run({ ...command, retryOnFailure: true }))).toMatchObject({
      retryable: true,
    });
  });

  it.each([['other'], [undefined], [{ toString: 'job' }], ['__proto__']])(
    'refuses the command %p, which is not allowed',
    async (command) => {
      expect(await failure(run(node('0'), { command }))).toMatchObject({
        code: 'command.not_allowed',
        retryable: false,
      });
    },
  );

  it('tells a program that is not there', async () => {
    expect(await failure(run(node('0', { program: '/nowhere/program' })))).toMatchObject({
      code: 'command.not_started',
      retryable: false,
    });
  });

  it('bounds stdout', async () => {
    const endless = 'setInterval(() => process.stdout.write("x".repeat(4096)), 1)';
    expect(await failure(run(node(endless)))).toMatchObject({
      code: 'command.output_too_large',
      retryable: false,
    });
  });

  it('ends a program that runs too long', async () => {
    const command = node('setInterval(() => {}, 1000)', { timeoutSeconds: 0.2 });
    expect(await failure(run(command))).toMatchObject({ code: 'command.timed_out' });
  });

  it('does not mind a program that ignores its stdin', async () => {
    await run(node('process.stdin.destroy(); console.log(1)'), { input: 'x'.repeat(300_000) });
    expect(context.artifacts.get('completion')?.body.toString()).toBe('1\n');
  });

  describe('with a program that starts another', () => {
    let directory: string;

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'foreman-command-'));
    });
    afterEach(() => rm(directory, { recursive: true }));

    const childPid = async (): Promise<number> => {
      for (;;) {
        const text = await readFile(join(directory, 'pid'), 'utf8').catch(() => '');
        if (text !== '') return Number(text);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    const isAlive = (pid: number): boolean => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    const parent = (then: string) =>
      node(`const { spawn } = require('node:child_process');
        const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
        require('node:fs').writeFileSync(${JSON.stringify(join(directory, 'pid'))}, String(child.pid));
        ${then}`);

    it('ends both when the task is aborted', async () => {
      await writeFile(join(directory, 'pid'), '');
      const running = failure(run(parent('')));
      const pid = await childPid();
      const reason = new Error('cancelled');
      context.stopper.abort(reason);
      expect(await running).toBe(reason);
      while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
      expect(isAlive(pid)).toBe(false);
    });

    it('ends with the program, and its child with it', async () => {
      await run(parent('child.unref(); console.log("done"); process.exitCode = 0; process.exit()'));
      const pid = await childPid();
      while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
      expect(context.artifacts.get('completion')?.body.toString()).toContain('done');
    });
  });
});
