import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SystemClock } from '@foreman/kernel';
import { eventually } from '@foreman/testing';
import { childEnvironment } from '../../apps/demo/config/child-environment';
import { ChildProgram } from '../../apps/demo/processes/child-program';
import {
  type DataFolder,
  type InProcessGateway,
  type TestEdge,
  makeDataFolder,
  startInProcess,
} from './harness';

const MAIN = join(__dirname, '../../dist/apps/edge-agent/main.js');
const WITHIN_MS = 30_000;

jest.setTimeout(2 * WITHIN_MS);

/** Works until somebody makes the file that its input names; tells its progress, and that it was told to end. */
const WAITING_PROGRAM = `
  let text = '';
  process.stdin.on('data', (piece) => (text += piece)).on('end', () => {
    const { started, release, ended } = JSON.parse(text).input;
    const fs = require('node:fs');
    fs.writeFileSync(started, '');
    console.error('progress 1/2 waiting');
    process.on('SIGTERM', () => { fs.writeFileSync(ended, ''); process.exit(1); });
    const timer = setInterval(() => {
      // Gone with its folder when the test is over, whoever killed the agent.
      if (!fs.existsSync(started)) process.exit(1);
      if (!fs.existsSync(release)) return;
      clearInterval(timer);
      console.log('done');
    }, 20);
  });`;

interface Work {
  readonly jobId: string;
  /** Made by the program when it runs. */
  readonly started: string;
  /** Made by the test to let it finish. */
  readonly release: string;
  /** Made by the program when it is told to end. */
  readonly ended: string;
}

/** The built agent, with a real program to run, against the gateway over HTTP. */
describe('the agent', () => {
  let gateway: InProcessGateway;
  let folder: DataFolder;
  let edge: TestEdge;
  let agent: ChildProgram;
  let made = 0;

  beforeEach(async () => {
    gateway = await startInProcess({}, { schedules: true });
    folder = await makeDataFolder();
    edge = await gateway.enrolEdge(['command']);
    const config = join(folder.path, 'agent.json');
    const wait = { program: process.execPath, args: ['-e', WAITING_PROGRAM] };
    await writeFile(config, JSON.stringify({ commands: { wait } }));
    agent = new ChildProgram(
      {
        name: 'agent',
        main: MAIN,
        args: [
          ...['--url', gateway.baseUrl, '--name', edge.name, '--kinds', 'command'],
          ...['--concurrency', '1', '--grace-seconds', '1'],
          ...['--state-dir', join(folder.path, 'state'), '--config', config],
        ],
        environment: { ...childEnvironment(process.env), FOREMAN_TOKEN: edge.token },
      },
      new SystemClock(),
    );
    await agent.lineMatching(/agent started/, WITHIN_MS);
  });

  afterEach(async () => {
    agent.kill();
    await agent.ended;
    await gateway.stop();
    await folder.remove();
  });

  /** A heartbeat every second: a lease of 5 s asks for one. */
  const submit = async (): Promise<Work> => {
    made += 1;
    const [started, release, ended] = ['started', 'release', 'ended'].map((what) =>
      join(folder.path, `${what}-${made}`),
    ) as [string, string, string];
    const { body } = await gateway.asAdmin<{ id: string }>('POST', '/jobs', {
      kind: 'command',
      payload: { command: 'wait', input: { started, release, ended } },
      leaseSeconds: 5,
    });
    return { jobId: body.id, started, release, ended };
  };

  const exists = (path: string) => () =>
    access(path).then(
      () => true,
      () => false,
    );
  const untilStarted = (work: Work) => eventually('it runs', exists(work.started), WITHIN_MS);
  const job = async (work: Work) =>
    (
      await gateway.asAdmin<{ status: string; progress: { processed: number } }>(
        'GET',
        `/jobs/${work.jobId}`,
      )
    ).body;
  const until = (work: Work, status: string) =>
    eventually(status, async () => (await job(work)).status === status, WITHIN_MS);
  const want = (desired: string) =>
    gateway.asAdmin('PATCH', `/admin/edges/${edge.edgeId}`, { desired });
  const outcomes = async (work: Work) => {
    const { body } = await gateway.asAdmin<{ items: { attempts: { outcome: string }[] }[] }>(
      'GET',
      `/jobs/${work.jobId}/tasks`,
    );
    return body.items[0]?.attempts.map(({ outcome }) => outcome);
  };

  it('runs a task, tells its progress, and completes it', async () => {
    const work = await submit();
    await untilStarted(work);
    const isTold = async () => (await job(work)).progress.processed === 1;
    await eventually('progress', isTold, WITHIN_MS);
    expect((await job(work)).progress).toMatchObject({ processed: 1, total: 2, status: 'waiting' });
    await writeFile(work.release, '');
    await until(work, 'completed');
    expect(await job(work)).toMatchObject({
      artifacts: [{ name: 'completion', inline: 'done\n' }],
    });
  });

  it('ends the program of a cancelled job, and takes the next', async () => {
    const cancelled = await submit();
    await untilStarted(cancelled);
    await gateway.asAdmin('POST', `/jobs/${cancelled.jobId}/cancel`);
    await eventually('it was told to end', exists(cancelled.ended), WITHIN_MS);
    const next = await submit();
    await writeFile(next.release, '');
    await until(next, 'completed');
  });

  it('finishes what runs when it is to drain, and takes no more until it may', async () => {
    const running = await submit();
    await untilStarted(running);
    await want('drain');
    const waiting = await submit();
    await writeFile(running.release, '');
    await until(running, 'completed');
    const explained = await gateway.asAdmin<{ reasons: { code: string }[] }>(
      'GET',
      `/jobs/${waiting.jobId}/explain`,
    );
    expect(explained.body.reasons.map(({ code }) => code)).toEqual(['draining']);
    expect((await job(waiting)).status).toBe('queued');
  });

  it('hands its task back when an operator stops it, and exits 0', async () => {
    const work = await submit();
    await untilStarted(work);
    await want('stop');
    expect(await agent.ended).toEqual({ code: 0, signal: null });
    expect(await exists(work.ended)()).toBe(true);
    expect(await outcomes(work)).toEqual(['released']);
  });

  it('hands its task back on SIGTERM, and exits 0', async () => {
    const work = await submit();
    await untilStarted(work);
    expect(await agent.stop(WITHIN_MS)).toEqual({ code: 0, signal: null });
    expect(await outcomes(work)).toEqual(['released']);
  });

  it('costs its task one attempt when it is killed', async () => {
    const work = await submit();
    await untilStarted(work);
    const begun = async () => {
      const { body } = await gateway.asAdmin<{ items: { progress: { processed: number } }[] }>(
        'GET',
        `/jobs/${work.jobId}/tasks`,
      );
      return body.items[0]?.progress.processed === 1;
    };
    await eventually('a heartbeat', begun, WITHIN_MS);
    agent.kill();
    const expired = async () => (await outcomes(work))?.[0] === 'expired';
    await eventually('the lease has run out', expired, WITHIN_MS);
  });

  it('ends when its edge is revoked, and says why', async () => {
    await gateway.asAdmin('DELETE', `/admin/edges/${edge.edgeId}`);
    expect((await agent.ended).code).toBe(3);
  });
});
