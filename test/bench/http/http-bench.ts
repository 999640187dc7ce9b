import type { BenchPlan } from '../bench-plan';
import { compare, measurePairs, type Comparison } from '../measure/pairs';
import { sample, type Sample } from '../measure/sample';
import { Connections } from './connections';
import type { CpuMeter } from '../measure/cpu-meter';
import { DoNothingChild } from './do-nothing-child';
import { startGatewayChild } from './gateway-child';
import { GatewaySetup } from './gateway-setup';
import { HOT_CALLS, type HotCall } from './hot-calls';

export interface HttpComparison extends Comparison {
  readonly requestBytes: number;
  readonly answerBytes: number;
}

interface Bench {
  readonly plan: BenchPlan;
  readonly gateway: Connections;
  readonly baseline: Connections;
  readonly doNothing: DoNothingChild;
  readonly gatewayCpu: CpuMeter;
  readonly setup: GatewaySetup;
}

/** Each hot call of the built gateway against the same call of a server that does nothing. */
export async function benchHttp(
  plan: BenchPlan,
  folder: string,
  wanted: (name: string) => boolean,
): Promise<HttpComparison[]> {
  const child = await startGatewayChild(folder);
  const gateway = new Connections(child.origin);
  const doNothing = await DoNothingChild.start().catch(async (error: unknown) => {
    await child.stop();
    throw error;
  });
  const baseline = new Connections(doNothing.origin);
  try {
    const setup = await GatewaySetup.begin(gateway, child.adminToken);
    const bench = { plan, gateway, baseline, doNothing, gatewayCpu: child.cpu, setup };
    const comparisons: HttpComparison[] = [];
    for (const call of HOT_CALLS.filter(({ name }) => wanted(name))) {
      comparisons.push(await compareCall(bench, call));
    }
    return comparisons;
  } finally {
    await Promise.allSettled([gateway.close(), baseline.close()]);
    await Promise.allSettled([child.stop(), doNothing.stop()]);
  }
}

async function compareCall(bench: Bench, hot: HotCall): Promise<HttpComparison> {
  const { plan, gateway, baseline, doNothing, gatewayCpu, setup } = bench;
  const [first] = await hot.prepare(setup, 1);
  if (first === undefined) throw new Error(`${hot.name}: no call was prepared`);
  const answer = await gateway.send(first);
  await doNothing.order({
    tokens: [setup.serviceToken, ...setup.edgeTokens],
    contentType: answer.contentType,
    body: answer.body.toString('base64'),
  });
  const echoed = await baseline.send(first);
  if (echoed.status !== answer.status || echoed.body.length !== answer.body.length) {
    throw new Error(`${hot.name}: the do-nothing server does not answer alike`);
  }

  const warmUp = await hot.prepare(setup, plan.httpWarmUpCalls);
  await gateway.sendAll(warmUp, answer);
  await baseline.sendAll(warmUp, answer);
  const pairs = await measurePairs<Sample>(plan, async () => {
    const calls = await hot.prepare(setup, plan.httpCalls);
    return {
      subject: () => sample(gatewayCpu, () => gateway.sendAll(calls, answer)),
      baseline: () => sample(doNothing.cpu, () => baseline.sendAll(calls, answer)),
    };
  });
  return {
    ...compare(hot.name, pairs),
    requestBytes: Buffer.byteLength(first.body ?? ''),
    answerBytes: answer.body.length,
  };
}
