import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayClient } from './gateway-client';

/** This file runs from its source in test/e2e/harness, and compiled in dist/test/e2e/harness. */
const MAIN = ['../../../apps/gateway/main.js', '../../../dist/apps/gateway/main.js']
  .map((path) => join(__dirname, path))
  .find((path) => existsSync(path));
const START_WITHIN_MS = 30_000;

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The built gateway as a child process, for what only a real process shows: kill -9, signals, exit codes. */
export class GatewayProcess extends GatewayClient {
  private constructor(
    private readonly child: ChildProcess,
    baseUrl: string,
    adminToken: string,
    /** All that it has logged so far. */
    readonly output: () => string,
  ) {
    super(baseUrl, adminToken);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /**
   * Starts it on this folder and waits until it listens. Throws with its output when it ends instead.
   * @param through what a command is put behind so that it sees the folder; see `SmallDisk`.
   */
  static async start(
    dataDir: string,
    environment: Readonly<Record<string, string>> = {},
    through: readonly string[] = [],
  ): Promise<GatewayProcess> {
    const { child, output } = launch(dataDir, environment, through);
    const baseUrl = await listeningUrl(child, output);
    const token =
      environment['FOREMAN_ADMIN_TOKEN'] ??
      (await readFile(join(dataDir, 'admin-token'), 'utf8')).trim();
    return new GatewayProcess(child, baseUrl, token, output);
  }

  /** Runs it until it ends by itself: for starts that must be refused. */
  static async runToEnd(
    dataDir: string,
    environment: Readonly<Record<string, string>> = {},
    through: readonly string[] = [],
  ): Promise<Ending & { readonly output: string }> {
    const { child, output } = launch(dataDir, environment, through);
    const ending = await endingOf(child);
    return { ...ending, output: output() };
  }

  /** kill -9: nothing gets a chance to tidy up. */
  async kill(): Promise<Ending> {
    this.child.kill('SIGKILL');
    return endingOf(this.child);
  }

  async terminate(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    this.child.kill(signal);
    return endingOf(this.child);
  }
}

function launch(
  dataDir: string,
  environment: Readonly<Record<string, string>>,
  through: readonly string[] = [],
) {
  if (MAIN === undefined) throw new Error('The gateway is not built: npm run build');
  const [program = '', ...args] = [...through, process.execPath, '--enable-source-maps', MAIN];
  const child = spawn(program, args, {
    env: {
      PATH: process.env['PATH'],
      PORT: '0',
      FOREMAN_DATA_DIR: dataDir,
      FOREMAN_DISK_RESERVE_BYTES: '0',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A test that gave up early must leave nothing behind that runs, or that Jest waits for.
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  child.once('close', () => process.off('exit', killWithUs));
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { child, output: () => text };
}

async function listeningUrl(child: ChildProcess, output: () => string): Promise<string> {
  const end = performance.now() + START_WITHIN_MS;
  while (performance.now() < end) {
    const url = /Foreman listens on (http[^\s"]+)/.exec(output())?.[1];
    if (url !== undefined) return url;
    if (child.exitCode !== null || child.signalCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill('SIGKILL');
  throw new Error(`The gateway did not start:\n${output()}`);
}

async function endingOf(child: ChildProcess): Promise<Ending> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  return { code: child.exitCode, signal: child.signalCode };
}
