import { setTimeout as sleep } from 'node:timers/promises';
import type { ForemanClient, JobStatus } from '@foreman/client';
import type { GatewayProcess } from '../../e2e/harness/gateway-process';
import { AgentProcesses } from './agents/agent-processes';
import type { AgentPlace, AgentsNotice } from './agents/agents.protocol';
import type { NetworkRecord } from './network-record';
import type { NetworkSettings } from './network-settings';
import { all } from './outcome/read-jobs';
import { FaultPlan } from './proxy/fault-plan';
import type { FaultProxy } from './proxy/fault-proxy';
import { submitJobs } from './submit-jobs';
import { FAULT_KIND, LEASE_SECONDS, type FaultJob } from './work/fault-job';

const LOOK_EVERY_MS = 250;
/** Counting reads every job. */
const COUNT_EVERY_MS = 500;
const LONGEST_PAGE = 500;
/** Submissions are few: so that each kind of fault meets some, more of them meet one. */
const SERVICE_SHARE_FACTOR = 3;
const OPEN: readonly JobStatus[] = ['queued', 'running'];

export interface WorkedThrough extends Pick<NetworkRecord, 'seconds'> {
  /** Of the submitted jobs, in their order. */
  readonly jobIds: readonly string[];
  readonly notice: AgentsNotice;
}

export interface WorkPlace {
  readonly gateway: GatewayProcess;
  readonly proxy: FaultProxy;
  /** A way to the gateway that nothing happens on. */
  readonly direct: ForemanClient;
  readonly folder: string;
}

/**
 * Submits the jobs and lets agents do them, all through the proxy, until every job is finalized, the agents have
 * stopped, and the last duplicate has arrived. Each group of agents is killed once on the way.
 */
export async function workThrough(
  settings: NetworkSettings,
  expected: readonly FaultJob[],
  { gateway, proxy, direct, folder }: WorkPlace,
): Promise<WorkedThrough> {
  const places = await placeAgents(settings, gateway, proxy);
  const apiKey = await gateway.makeApiKey('jobs:write');
  const servicePlan = planOf(settings, Math.min(1, settings.share * SERVICE_SHARE_FACTOR));
  const { baseUrl } = await proxy.open('service', servicePlan, { hasOutages: false });
  const beganMs = performance.now();
  const agents = await AgentProcesses.start(places, folder);
  try {
    const jobIds = await submitJobs(baseUrl, apiKey, expected);
    const submittedMs = performance.now();
    const limitMs = beganMs + settings.limitMinutes * 60_000;
    await crashEach(agents, direct, settings.taskCount, limitMs);
    await allFinalized(direct, limitMs);
    const doneMs = performance.now();
    const notice = await agents.stop();
    await proxy.duplicates.allArrived();
    const calmMs = performance.now();
    return {
      jobIds,
      notice,
      seconds: {
        submitting: (submittedMs - beganMs) / 1000,
        working: (doneMs - beganMs) / 1000,
        untilCalm: (calmMs - doneMs) / 1000,
      },
    };
  } finally {
    agents.kill();
    await proxy.close();
  }
}

function planOf({ seed, duplicateLateSeconds }: NetworkSettings, share: number): FaultPlan {
  const [shortest, longest] = LEASE_SECONDS;
  return new FaultPlan({
    seed,
    share,
    duplicateLateMs: duplicateLateSeconds * 1000,
    // Around the length of a lease: some are revived, some are lost.
    outageMs: [shortest * 800, longest * 1500],
  });
}

async function placeAgents(
  settings: NetworkSettings,
  gateway: GatewayProcess,
  proxy: FaultProxy,
): Promise<AgentPlace[]> {
  const plan = planOf(settings, settings.share);
  const places: AgentPlace[] = [];
  for (let index = 0; index < settings.agentCount; index++) {
    const { name, token } = await gateway.enrolEdge([FAULT_KIND]);
    const { baseUrl } = await proxy.open(name, plan, { hasOutages: true });
    // Some ask for one task at a time, some for more: these are different calls.
    places.push({ name, baseUrl, token, concurrency: 1 + (index % 2) });
  }
  return places;
}

/** Every group of agents crashes once, spread over the tasks. */
async function crashEach(
  agents: AgentProcesses,
  client: ForemanClient,
  taskCount: number,
  limitMs: number,
): Promise<void> {
  for (let group = 0; group < agents.groupCount; group++) {
    const due = (taskCount * (group + 1)) / (agents.groupCount + 1);
    while ((await completedTasks(client)) < due && performance.now() < limitMs) {
      await sleep(COUNT_EVERY_MS);
    }
    await agents.crash(group);
  }
}

async function completedTasks(client: ForemanClient): Promise<number> {
  const jobs = await all(client.list({}, { pageSize: LONGEST_PAGE }));
  return jobs.reduce((sum, { taskCounts }) => sum + taskCounts.completed, 0);
}

/** A job only ever goes from queued to running to its end: each status has to run empty once. */
async function allFinalized(client: ForemanClient, limitMs: number): Promise<void> {
  for (const status of OPEN) {
    for (let job = await anyJob(client, status); job !== null;) {
      if (performance.now() > limitMs) {
        const { reasons } = await client.explain(job.id);
        throw new Error(`Job ${job.id} is still ${status}: ${JSON.stringify(reasons)}`);
      }
      await sleep(LOOK_EVERY_MS);
      job = await anyJob(client, status);
    }
  }
}

async function anyJob(client: ForemanClient, status: JobStatus) {
  for await (const job of client.list({ status }, { pageSize: 1 })) return job;
  return null;
}
