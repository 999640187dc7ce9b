import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from '@foreman/kernel';
import { EXIT_CODES } from './exit-codes';
import { readSettings } from './config/read-settings';
import { runAgent } from './run-agent';
import { httpStandIn } from './spec/http-stand-in';
import type { HttpStandIn } from './spec/http-stand-in';
import { leasedTask } from './spec/recording-context';

describe('runAgent', () => {
  let gateway: HttpStandIn;
  let directory: string;
  let status: number;
  let seen: { path: string; bearer: string | undefined; body: string }[];
  let stop: () => void;

  beforeEach(async () => {
    status = 200;
    seen = [];
    stop = () => {};
    directory = await mkdtemp(join(tmpdir(), 'foreman-agent-'));
    gateway = await httpStandIn((request, body, response) => {
      const path = `${request.url}`.replace('/internal/edges/', '');
      seen.push({ path, bearer: request.headers.authorization, body });
      const answer = answers[path] ?? (path.endsWith('/heartbeat') ? beat : {});
      if (path === 'tasks/next' && seen.some((call) => call.path.includes('complete'))) return;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
    });
  });

  afterEach(async () => {
    await gateway.close();
    await rm(directory, { recursive: true });
  });

  const beat = { edge: 'run', action: 'continue', heartbeatSeconds: 20 };
  const answers: Record<string, object> = {
    enroll: { edgeId: 'e1', token: 'fme_own', heartbeatSeconds: 20 },
    heartbeat: { ...beat, tasks: [] },
    'tasks/next': leasedTask('command', { command: 'unknown' }),
  };

  function run(token: string, onLog: (message: string) => void = () => {}): Promise<number> {
    const commands = { hello: { program: process.execPath, args: ['--version'] } };
    const settings = readSettings(
      { url: gateway.url, token, stateDir: directory, kinds: ['command'] },
      {},
      { commands },
    );
    const note = (_fields: object, message: string) => onLog(message);
    return runAgent(settings, {
      clock: new SystemClock(),
      log: { debug: note, info: note, warn: note, error: note },
      platform: 'linux-x64',
      onStopRequest: (listener) => (stop = listener),
    });
  }

  it('enrols, runs with its own token, and exits 0 when asked to stop', async () => {
    const code = await run('fmn_once', (message) => {
      if (message === 'task ended') stop();
    });
    expect(code).toBe(EXIT_CODES.stopped);
    expect(seen.map(({ path, bearer }) => [path, bearer]).slice(0, 3)).toEqual([
      ['enroll', 'Bearer fmn_once'],
      ['heartbeat', 'Bearer fme_own'],
      ['tasks/next', 'Bearer fme_own'],
    ]);
    const failure = seen.find(({ path }) => path.endsWith('/fail'));
    expect(JSON.parse(failure?.body ?? '')).toMatchObject({ code: 'command.not_allowed' });
  });

  it('exits 0 when asked to stop while the gateway is not there yet', async () => {
    await gateway.close();
    const code = await run('fmn_once', (message) => {
      if (message.startsWith('enrolment failed')) stop();
    });
    expect(code).toBe(EXIT_CODES.stopped);
  });

  it.each([
    ['an edge token', 'fme_revoked'],
    ['an enrolment token', 'fmn_spent'],
  ])('has an exit code of its own for %s that is refused', async (_name, token) => {
    status = 401;
    expect(await run(token)).toBe(EXIT_CODES.tokenRefused);
  });

  it('has one for a state directory that cannot be used', async () => {
    directory = join(directory, 'x'.repeat(300));
    expect(await run('fmn_once')).toBe(EXIT_CODES.stateUnusable);
    expect(seen).toEqual([]);
    directory = join(directory, '..');
  });

  it('tells a poll that is refused for good as a fault', async () => {
    status = 403;
    expect(await run('fme_own')).toBe(EXIT_CODES.fault);
  });
});
