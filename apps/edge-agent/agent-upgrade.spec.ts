import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock, sha256Hex } from '@foreman/kernel';
import { ReleaseSigner, eventually } from '@foreman/testing';
import { EXIT_CODES } from './exit-codes';
import { readSettings } from './config/read-settings';
import { runAgent } from './run-agent';
import { httpStandIn } from './spec/http-stand-in';
import type { HttpStandIn } from './spec/http-stand-in';
import { leasedTask } from './spec/recording-context';

const PACKAGE = 'the new agent';
const FINISHING = 'finishing, so that the new version can be started';

describe('an agent that is offered a release', () => {
  const signer = new ReleaseSigner();
  let gateway: HttpStandIn;
  let directory: string;
  let calls: string[];
  let told: string[];
  let stop: () => void;
  let served: string;
  let task: object | null;

  beforeEach(async () => {
    [calls, told, served, task] = [[], [], PACKAGE, null];
    directory = await mkdtemp(join(tmpdir(), 'foreman-agent-'));
    gateway = await httpStandIn((request, _body, response) => {
      const path = `${request.url}`.replace('/internal/edges/', '');
      calls.push(path);
      if (path === '/agent.tgz') return void response.end(served);
      if (path === 'tasks/next' && task === null) return;
      const beat = { edge: 'run', action: 'continue', heartbeatSeconds: 1, release: release() };
      const answer = path === 'tasks/next' ? task : path.endsWith('heartbeat') ? beat : {};
      if (path === 'tasks/next') task = null;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
    });
  });
  afterEach(async () => {
    await gateway.close();
    await rm(directory, { recursive: true });
  });

  const release = () =>
    signer.sign({
      url: `${gateway.url}/agent.tgz`,
      size: PACKAGE.length,
      sha256: sha256Hex(PACKAGE),
    });
  const goOn = () => join(directory, 'go-on');
  const untilGoOn = `const t = setInterval(() => require('fs').existsSync(process.argv[1]) && clearInterval(t), 10)`;

  const run = (flags: object, onLog: (message: string) => void = () => {}) => {
    const wait = { program: process.execPath, args: ['-e', untilGoOn, goOn()] };
    const settings = readSettings(
      { url: gateway.url, token: 'fme_own', stateDir: directory, kinds: ['command'], ...flags },
      {},
      { commands: { wait } },
    );
    const note = (_fields: object, message: string) => {
      told.push(message);
      onLog(message);
    };
    return runAgent(settings, {
      clock: new SystemClock(),
      log: { debug: note, info: note, warn: note, error: note },
      platform: 'linux-x64',
      onStopRequest: (listener) => (stop = listener),
    });
  };
  const trusting = { releasePublicKeys: [signer.publicKey] };
  const upgrading = { ...trusting, upgradeExit: true };
  const stopAt = (message: string) => (line: string) => {
    if (line === message) stop();
  };

  it('keeps it ready, and goes on', async () => {
    const code = await run(trusting, stopAt('the release is verified and ready'));
    expect(code).toBe(EXIT_CODES.stopped);
    const ready = JSON.parse(await readFile(join(directory, 'releases/ready.json'), 'utf8')) as {
      package: string;
    };
    expect(ready).toMatchObject({ version: '1.4.0', sha256: sha256Hex(PACKAGE) });
    expect(await readFile(ready.package, 'utf8')).toBe(PACKAGE);
  });

  it('only says so without public keys', async () => {
    const note = 'a release to upgrade to; without public keys it is not fetched';
    expect(await run({}, stopAt(note))).toBe(EXIT_CODES.stopped);
    expect(calls).not.toContain('/agent.tgz');
    expect(existsSync(join(directory, 'releases'))).toBe(false);
  });

  it('ends with its own exit code when asked to, once for a version', async () => {
    expect(await run(upgrading)).toBe(EXIT_CODES.upgradeReady);
    // The supervisor started the old version again: it must not end for ever.
    const again = 'this version was handed over before, and the old one still runs';
    expect(await run(upgrading, stopAt(again))).toBe(EXIT_CODES.stopped);
    expect(calls.filter((path) => path === '/agent.tgz')).toHaveLength(1);
  });

  it('lets its task end before, and takes no other', async () => {
    task = leasedTask('command', { command: 'wait' });
    const running = run({ ...upgrading, graceSeconds: 0 });
    await eventually('it finishes', () => told.includes(FINISHING));
    await eventually('the task beats on', () => {
      const beats = calls.filter((path) => /^tasks\/.*\/heartbeat$/.test(path));
      return beats.length > 1;
    });
    expect(told).not.toContain('task ended');
    await writeFile(goOn(), '');
    expect(await running).toBe(EXIT_CODES.upgradeReady);
    expect(calls.filter((path) => path === 'tasks/next').length).toBeLessThanOrEqual(1);
    expect(calls.filter((path) => path.includes('/complete'))).toEqual([
      expect.not.stringContaining('next=true'),
    ]);
  });

  it('can still be stopped while it lets its task end', async () => {
    task = leasedTask('command', { command: 'wait' });
    const code = await run({ ...upgrading, graceSeconds: 0 }, (line) => {
      if (line === FINISHING) setImmediate(() => stop());
    });
    expect(code).toBe(EXIT_CODES.stopped);
    expect(calls.filter((path) => path.endsWith('/release'))).toHaveLength(1);
  });

  it('neither keeps nor ends for a tampered package', async () => {
    served = PACKAGE.replace('new', 'bad');
    const code = await run(upgrading, stopAt('the package is not the one released'));
    expect(code).toBe(EXIT_CODES.stopped);
    expect(existsSync(join(directory, 'releases/ready.json'))).toBe(false);
  });
});
