import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuOf, type CpuMeter } from '../measure/cpu-meter';

/** This file runs compiled in dist/test/bench/http, and from its source in test/bench/http. */
const BUILT_GATEWAY = ['../../../apps/gateway/main.js', '../../../dist/apps/gateway/main.js']
  .map((path) => join(__dirname, path))
  .find((path) => existsSync(path));
const START_WITHIN_MS = 30_000;

export interface GatewayChild {
  readonly origin: string;
  readonly adminToken: string;
  readonly dataDir: string;
  readonly pid: number;
  readonly cpu: CpuMeter;
  /** Sends a message to what was preloaded, and answers its next one. */
  ask(question: string): Promise<unknown>;
  stop(): Promise<void>;
}

export interface GatewayChildOptions {
  /** Modules that its process loads first. */
  readonly preloads?: readonly string[];
  /** Settings that are not the defaults. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The built gateway with its default settings, logging into a file of `folder`, as an operator would run it. */
export async function startGatewayChild(
  folder: string,
  { preloads = [], environment = {} }: GatewayChildOptions = {},
): Promise<GatewayChild> {
  if (BUILT_GATEWAY === undefined) throw new Error('The gateway is not built: npm run build');
  const dataDir = join(folder, 'gateway');
  const logPath = join(folder, 'gateway.log');
  const log = await open(logPath, 'w');
  const preloading = preloads.flatMap((path) => ['-r', path]);
  const child = spawn(process.execPath, [...profilerOptions(), ...preloading, BUILT_GATEWAY], {
    env: { PATH: process.env['PATH'], PORT: '0', FOREMAN_DATA_DIR: dataDir, ...environment },
    stdio: ['ignore', log.fd, log.fd, ...(preloads.length > 0 ? (['ipc'] as const) : [])],
  });
  await log.close();
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  const ask = async (question: string): Promise<unknown> => {
    const answer = once(child, 'message');
    child.send(question);
    return (await answer)[0];
  };
  try {
    const origin = await listeningOrigin(child, logPath);
    const adminToken = (await readFile(join(dataDir, 'admin-token'), 'utf8')).trim();
    const pid = child.pid ?? 0;
    return { origin, adminToken, dataDir, pid, cpu: cpuOf(pid), ask, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** `FOREMAN_BENCH_PROFILE=<folder>`: the gateway leaves a CPU profile there. */
function profilerOptions(): string[] {
  const folder = process.env['FOREMAN_BENCH_PROFILE'];
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

async function listeningOrigin(child: ChildProcess, logPath: string): Promise<string> {
  const endMs = performance.now() + START_WITHIN_MS;
  while (child.exitCode === null && performance.now() < endMs) {
    const text = await readFile(logPath, 'utf8');
    const origin = /Foreman listens on (http[^\s"]+)/.exec(text)?.[1];
    if (origin !== undefined) return origin;
    await sleep(20);
  }
  throw new Error(`The gateway did not start:\n${await readFile(logPath, 'utf8')}`);
}
