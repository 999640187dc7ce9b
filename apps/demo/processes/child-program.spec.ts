import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from '@foreman/kernel';
import { FakeClock } from '@foreman/testing';
import { ChildProgram } from './child-program';

describe('ChildProgram', () => {
  const running: ChildProgram[] = [];
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'foreman-'));
  });

  afterAll(async () => {
    for (const program of running) program.kill();
    await Promise.all(running.map(({ ended }) => ended));
    await rm(folder, { recursive: true, force: true });
  });

  async function start(source: string, clock = new SystemClock()): Promise<ChildProgram> {
    const main = join(folder, `${running.length}.js`);
    await writeFile(main, source);
    const environment = { PATH: process.env['PATH'] ?? '' };
    const program = new ChildProgram({ name: 'sample', main, environment }, clock);
    running.push(program);
    return program;
  }

  it('finds a line that was logged, or will be', async () => {
    const program = await start(
      // What is asked to end as soon as it said so has to listen by then.
      `process.once('SIGTERM', () => { console.error('bye'); process.exit(3) });
       setInterval(() => {}, 1000); console.log('up on 80')`,
    );
    expect((await program.lineMatching(/up on (\d+)/, 20_000))[1]).toBe('80');
    expect((await program.lineMatching(/on (\d+)/, 20_000))[1]).toBe('80');
    const bye = program.lineMatching(/bye/, 20_000);
    expect(await program.stop(20_000)).toEqual({ code: 3, signal: null });
    expect((await bye)[0]).toBe('bye');
  }, 30_000);

  it('says with the end of its log that it ended before the line came', async () => {
    const program = await start(`console.log('no room'); process.exitCode = 7`);
    await expect(program.lineMatching(/up/, 20_000)).rejects.toThrow('sample ended (7):\nno room');
  }, 30_000);

  it('stops waiting when it takes too long, or when it is told to', async () => {
    const clock = new FakeClock();
    const program = await start('setInterval(() => {}, 1000)', clock);
    const late = program.lineMatching(/up/, 5_000);
    const enough = new AbortController();
    const aborted = program.lineMatching(/up/, 5_000, enough.signal);
    enough.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    clock.advance(5_000);
    await expect(late).rejects.toThrow('sample took over 5000 ms');
  }, 30_000);

  it('kills what does not stop', async () => {
    const clock = new FakeClock();
    const program = await start(
      `process.on('SIGTERM', () => console.log('no')); setInterval(() => {}, 1000); console.log('up')`,
      clock,
    );
    await program.lineMatching(/up/, 20_000);
    const stopping = program.stop(5_000);
    await program.lineMatching(/no/, 20_000);
    clock.advance(5_000);
    expect(await stopping).toEqual({ code: null, signal: 'SIGKILL' });
  }, 30_000);
});
