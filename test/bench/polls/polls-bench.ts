import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchPlan } from '../bench-plan';
import { Connections } from '../http/connections';
import { startGatewayChild, type GatewayChild } from '../http/gateway-child';
import { GatewaySetup, postJson } from '../http/gateway-setup';
import { quantile } from '../measure/quantiles';
import { HOW_MANY, type StatementCount } from './counting.protocol';
import { WaitingEdges, enrolEdges, kindOf } from './waiting-edges';

/** How long after a job was submitted an edge had its task, in ms, as the two clients see it. */
export interface WakeLatency {
  readonly name: string;
  readonly parkedPolls: number;
  readonly tasks: number;
  /** From the submission's answer; negative when the edge was answered first. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  /** From when the submission was sent: its own commit included. */
  readonly p99FromCallMs: number;
}

export interface PollsFinding {
  readonly parkedPolls: number;
  readonly idleMs: number;
  /** What the gateway asked its database meanwhile. */
  readonly idleStatements: number;
  /** Texts of the last of them. */
  readonly latest: readonly string[];
  readonly many: WakeLatency;
  readonly one: WakeLatency;
}

/** Compiled in dist beside this file; from its source, with what compiles it. */
const COUNTER = join(__dirname, 'statement-counter');
const PRELOADS = existsSync(`${COUNTER}.js`)
  ? [`${COUNTER}.js`]
  : [join(__dirname, '../../worker-ts.cjs'), `${COUNTER}.ts`];

/** Retention is the operator's to time; every other statement of an idle gateway would be its own. */
const ONCE_A_YEAR = '0 0 1 1 *';

/** The tries of polls that have just come are over when nothing was asked for this long. */
const QUIET_MS = 1000;
/** Within this the edge that got a task has parked again. */
const PAUSE_MS = 20;

/** Thousands of real long polls at one gateway: what they cost while nothing happens, and how soon a task finds its edge. */
export async function benchPolls(plan: BenchPlan, folder: string): Promise<PollsFinding> {
  const gateway = await startGatewayChild(folder, {
    preloads: PRELOADS,
    environment: { FOREMAN_RETENTION_CRON: ONCE_A_YEAR },
  });
  const connections = new Connections(gateway.origin);
  try {
    const setup = await GatewaySetup.begin(connections, gateway.adminToken);
    const tokens = await enrolEdges(connections, gateway.adminToken, plan.pollsParked);
    const submit = submitterOf(connections, setup.serviceToken);

    const all = new WaitingEdges(gateway.origin, tokens, plan.pollsWaitSeconds);
    await all.warmUp();
    all.start();
    await quiet(gateway);
    const before = await count(gateway);
    await sleep(plan.pollsIdleMs);
    const after = await count(gateway);
    await all.everyoneAgain();
    await quiet(gateway);
    const many = await latencies(all, submit, tokens.length, plan.pollsTasks);
    await all.stop();

    const single = new WaitingEdges(gateway.origin, tokens.slice(0, 1), plan.pollsWaitSeconds);
    await single.warmUp();
    single.start();
    await quiet(gateway);
    const one = await latencies(single, submit, 1, plan.pollsTasks);
    await single.stop();
    const idleStatements = after.statements - before.statements;
    return {
      parkedPolls: tokens.length,
      idleMs: plan.pollsIdleMs,
      idleStatements,
      latest: idleStatements === 0 ? [] : after.latest.slice(0, idleStatements),
      many,
      one,
    };
  } finally {
    await connections.close();
    await gateway.stop();
  }
}

async function count(gateway: GatewayChild): Promise<StatementCount> {
  return (await gateway.ask(HOW_MANY)) as StatementCount;
}

async function quiet(gateway: GatewayChild): Promise<void> {
  let last = -1;
  for (;;) {
    const { statements } = await count(gateway);
    if (statements === last) return;
    last = statements;
    await sleep(QUIET_MS);
  }
}

type Submit = (kind: string) => Promise<string>;

function submitterOf(connections: Connections, token: string): Submit {
  return async (kind) => {
    const job = { kind, payload: { depth: 3 }, leaseSeconds: 3600 };
    const { body } = await connections.send(postJson('/jobs', token, job));
    return (JSON.parse(body.toString()) as { id: string }).id;
  };
}

/** One task after the other, each of the kind of an edge picked from all over. */
async function latencies(
  edges: WaitingEdges,
  submit: Submit,
  edgeCount: number,
  tasks: number,
): Promise<WakeLatency> {
  const fromAnswer: number[] = [];
  const fromCall: number[] = [];
  for (let task = 0; task < tasks; task += 1) {
    await sleep(PAUSE_MS);
    const calledMs = performance.now();
    const jobId = await submit(kindOf(scattered(task) % edgeCount));
    const answeredMs = performance.now();
    const leasedMs = await edges.leaseOf(jobId);
    fromAnswer.push(leasedMs - answeredMs);
    fromCall.push(leasedMs - calledMs);
  }
  return {
    name: edgeCount === 1 ? '1 parked poll' : `${edgeCount} parked polls`,
    parkedPolls: edgeCount,
    tasks,
    p50Ms: quantile(fromAnswer, 0.5),
    p99Ms: quantile(fromAnswer, 0.99),
    worstMs: Math.max(...fromAnswer),
    p99FromCallMs: quantile(fromCall, 0.99),
  };
}

/** Knuth's multiplicative hash: the same scatter in every run. */
function scattered(index: number): number {
  return Math.imul(index + 1, 2_654_435_761) >>> 0;
}
