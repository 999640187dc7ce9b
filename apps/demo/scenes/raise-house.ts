import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DemoParts } from '../demo-parts';
import { startEdge } from '../processes/edge-program';
import { GatewayAdmin } from '../processes/gateway-admin';
import { type RunningGateway, startGateway } from '../processes/gateway-program';
import { type RunningResearch, startResearch } from '../service/start-research';

export interface House {
  readonly gateway: RunningGateway;
  /** Names of the edges by their ids. */
  readonly edgeNames: ReadonlyMap<string, string>;
  readonly research: RunningResearch;
  readonly apiKey: string;
  readonly folder: string;
}

const EDGES = ['attic', 'cellar'];
/** Two searches at a time on each: more bars that move, and slots that fill again. */
const TASKS_AT_A_TIME = 2;
/** The gateway answers its parked polls and closes its database within ten seconds (contract, "Commands"). */
const STOP_WITHIN_MS = 10_000;
const SECRET_BYTES = 32;

/** Starts a gateway, the edges and the service that will ask for work. */
export async function raiseHouse(parts: DemoParts): Promise<House> {
  const { narrator, clock, ids, cleanup, signal } = parts;
  narrator.chapter('A gateway, two edges, and a service');
  const folder = await temporaryFolder(parts);
  const gateway = await startTheGateway(parts, folder);
  narrator.check(`the gateway listens on ${gateway.baseUrl}, its data in ${folder}`, true);

  const admin = new GatewayAdmin(gateway.baseUrl, gateway.adminToken, clock);
  cleanup.later('admin connections', () => admin.close());
  await Promise.all(EDGES.map((name) => enrolEdge(parts, { name, folder, gateway, admin })));
  const edges = await admin.edges();
  const names = edges.map(({ name }) => name).toSorted();
  narrator.check(`two edges have enrolled: ${names.join(' and ')}`, names.join() === EDGES.join());
  signal.throwIfAborted();

  const apiKey = await admin.makeApiKey('demo research service');
  const research = await startResearch({
    gatewayUrl: gateway.baseUrl,
    apiKey,
    webhookSecret: `whsec_${ids.bytes(SECRET_BYTES).toString('base64')}`,
  });
  cleanup.later('the research service', () => research.close());
  narrator.check(
    `a service has an API key, and waits for webhooks at ${research.webhookUrl}`,
    true,
  );
  const edgeNames = new Map(edges.map(({ id, name }) => [id, name]));
  return { gateway, edgeNames, research, apiKey, folder };
}

/** Removed at the end, unless everything is to be kept. */
async function temporaryFolder({ cleanup, options }: DemoParts): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'foreman-demo-'));
  if (!options.keep) {
    cleanup.later('the temporary folder', () => rm(folder, { recursive: true, force: true }));
  }
  return folder;
}

function startTheGateway(parts: DemoParts, folder: string): Promise<RunningGateway> {
  const { children, cleanup, environment, clock, signal } = parts;
  return startGateway(
    {
      dataDirectory: join(folder, 'gateway'),
      environment,
      // Every second instead of every minute: nobody wants to watch a minute pass.
      settings: { FOREMAN_RETENTION_CRON: '* * * * * *' },
      clock,
      signal,
    },
    (program) => {
      children.add(program);
      cleanup.later('the gateway', () => program.stop(STOP_WITHIN_MS));
    },
  );
}

interface EdgeToEnrol {
  readonly name: string;
  readonly folder: string;
  readonly gateway: RunningGateway;
  readonly admin: GatewayAdmin;
}

async function enrolEdge(parts: DemoParts, { name, folder, gateway, admin }: EdgeToEnrol) {
  const { children, cleanup, environment, clock, signal } = parts;
  const place = {
    name,
    gatewayUrl: gateway.baseUrl,
    enrolmentToken: await admin.makeEnrolment(name),
    stateDirectory: join(folder, name),
    concurrency: TASKS_AT_A_TIME,
    environment,
    clock,
    signal,
  };
  await startEdge(place, (program) => {
    children.add(program);
    cleanup.later(program.name, () => program.stop(STOP_WITHIN_MS));
  });
}
