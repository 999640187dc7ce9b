import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ForemanClient } from '@foreman/client';
import { GatewayProcess } from '../../e2e/harness/gateway-process';
import { makeDataFolder } from '../../e2e/harness/data-folder';
import type { FaultRun } from '../fault-run';
import { AgentProcesses } from './agents/agent-processes';
import type { AgentPlace } from './agents/agents.protocol';
import { judgeRun, reportRun, type NetworkRecord } from './network-report';
import { NETWORK_USAGE, readNetworkSettings, type NetworkSettings } from './network-settings';
import { joinJob } from './outcome/join-outcome';
import { readDatabase } from './outcome/read-database';
import { all, readJobs } from './outcome/read-jobs';
import { FaultPlan } from './proxy/fault-plan';
import { FaultProxy } from './proxy/fault-proxy';
import { submitJobs } from './submit-jobs';
import { FAULT_KIND, LEASE_SECONDS, makeFaultJobs, type FaultJob } from './work/fault-job';

const LOOK_EVERY_MS = 250;

/** Agents, a gateway, and a network between them that cannot be relied on. */
export const networkRun: FaultRun = {
  usage: NETWORK_USAGE,
  async start(args) {
    const settings = readNetworkSettings(args);
    say(`seed ${settings.seed}`);
    const folder = await makeDataFolder();
    const gateway = await GatewayProcess.start(folder.path);
    let isWell = false;
    try {
      const record = await runThrough(settings, gateway, folder.path);
      const findings = judgeRun(settings, record);
      say(reportRun(record));
      say(findings.length === 0 ? 'all is well' : `NOT WELL\n${findings.join('\n')}`);
      isWell = findings.length === 0;
    } finally {
      await gateway.kill();
      if (isWell) await folder.remove();
      else say(`the gateway's data is left in ${folder.path}`);
    }
    return isWell;
  },
};

async function runThrough(
  settings: NetworkSettings,
  gateway: GatewayProcess,
  folder: string,
): Promise<NetworkRecord> {
  const proxy = openProxy(settings, gateway);
  const expected = makeFaultJobs(settings);
  const places = await placeAgents(settings, gateway, proxy);
  const beganMs = performance.now();
  const agents = await AgentProcesses.start(places, join(folder, 'agents'));
  let jobIds: string[];
  let submittedMs: number;
  const direct = new ForemanClient({ baseUrl: gateway.baseUrl, apiKey: gateway.adminToken });
  try {
    const service = await proxy.open('service', { hasOutages: false });
    jobIds = await submitJobs(service.baseUrl, await gateway.makeApiKey('jobs:write'), expected);
    submittedMs = performance.now();
    await allFinalized(direct, beganMs + settings.limitMinutes * 60_000);
  } catch (error) {
    agents.kill();
    throw error;
  }
  const doneMs = performance.now();
  const notice = await agents.stop();
  await proxy.close();
  await proxy.duplicates.allArrived();
  const calmMs = performance.now();
  const seen = await readJobs(direct, jobIds);
  const listedJobIds = (await all(direct.list({}, { pageSize: 500 }))).map(({ id }) => id);
  await direct.close();
  const ending = await gateway.terminate();
  const facts = readDatabase(join(folder, 'foreman.db'));
  const jobs = seen.map((job, index) => joinJob(tasksOf(expected, index), job, facts));
  return {
    outcome: { jobs, listedJobIds, storedRowCount: facts.storedRowCount },
    facts,
    journal: proxy.journal,
    notice,
    gatewayEnding: ending,
    gatewayLog: gateway.output(),
    seconds: {
      submitting: (submittedMs - beganMs) / 1000,
      working: (doneMs - beganMs) / 1000,
      untilCalm: (calmMs - doneMs) / 1000,
    },
  };
}

function openProxy(settings: NetworkSettings, gateway: GatewayProcess): FaultProxy {
  const [shortest, longest] = LEASE_SECONDS;
  const plan = new FaultPlan({
    seed: settings.seed,
    share: settings.share,
    duplicateLateMs: settings.duplicateLateSeconds * 1000,
    // Around the length of a lease: some are revived, some are lost.
    outageMs: [shortest * 800, longest * 1500],
  });
  return new FaultProxy(Number(new URL(gateway.baseUrl).port), plan);
}

async function placeAgents(
  { agentCount }: NetworkSettings,
  gateway: GatewayProcess,
  proxy: FaultProxy,
): Promise<AgentPlace[]> {
  const places: AgentPlace[] = [];
  for (let index = 0; index < agentCount; index++) {
    const { name, token } = await gateway.enrolEdge([FAULT_KIND]);
    const { baseUrl } = await proxy.open(name, { hasOutages: true });
    // Some ask for one task at a time, some for more: these are different calls.
    places.push({ name, baseUrl, token, concurrency: 1 + (index % 2) });
  }
  return places;
}

async function allFinalized(client: ForemanClient, limitMs: number): Promise<void> {
  for (const status of ['queued', 'running'] as const) {
    while (await hasAny(client, status)) {
      if (performance.now() > limitMs) throw new Error('The tasks are not done within the limit');
      await sleep(LOOK_EVERY_MS);
    }
  }
}

async function hasAny(client: ForemanClient, status: 'queued' | 'running'): Promise<boolean> {
  for await (const _ of client.list({ status }, { pageSize: 1 })) return true;
  return false;
}

function tasksOf(jobs: readonly FaultJob[], index: number): FaultJob['tasks'] {
  const job = jobs[index];
  if (job === undefined) throw new RangeError(`There is no job ${index}`);
  return job.tasks;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
