import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@foreman/kernel';
import type { Environment } from '../config/child-environment';
import { ChildProgram } from './child-program';
import { builtProgram } from './built-programs';

export interface GatewayPlace {
  readonly dataDirectory: string;
  /** 0: any free one. */
  readonly port?: number;
  /** Inherited by the gateway; its settings are laid over it. */
  readonly environment: Environment;
  readonly settings?: Environment;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

export interface RunningGateway {
  readonly program: ChildProgram;
  readonly baseUrl: string;
  readonly adminToken: string;
}

/** Opening and migrating a database on a slow disk, beside others. */
const START_WITHIN_MS = 30_000;

/** The gateway as a child process, given to `started` before anything can fail. Answers once it listens. */
export async function startGateway(
  place: GatewayPlace,
  started: (program: ChildProgram) => void,
): Promise<RunningGateway> {
  const { dataDirectory, port = 0, environment, settings, clock, signal } = place;
  const program = new ChildProgram(
    {
      name: 'gateway',
      main: builtProgram('gateway'),
      environment: {
        ...environment,
        HOST: '127.0.0.1',
        PORT: String(port),
        FOREMAN_DATA_DIR: dataDirectory,
        // A demo writes a few megabytes, also on a machine that is nearly full.
        FOREMAN_DISK_RESERVE_BYTES: '0',
        // Webhooks reach public addresses only, unless their network is named.
        FOREMAN_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
        ...settings,
      },
    },
    clock,
  );
  started(program);
  const listening = /Foreman listens on (http[^\s"]+)/;
  const [, baseUrl = ''] = await program.lineMatching(listening, START_WITHIN_MS, signal);
  const adminToken = await readFile(join(dataDirectory, 'admin-token'), 'utf8');
  return { program, baseUrl, adminToken: adminToken.trim() };
}
