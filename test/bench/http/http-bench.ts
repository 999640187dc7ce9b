import type { BenchPlan } from '../bench-plan';
import { compare, measurePair, type Comparison, type Pair } from '../measure/pairs';
import { Connections } from './connections';
import { DoNothingChild } from './do-nothing-child';
import { startGatewayChild } from './gateway-child';
import { GatewaySetup, at } from './gateway-setup';
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
    const bench = { plan, gateway, baseline, doNothing, setup };
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
  const { plan, gateway, baseline, doNothing, setup } = bench;
  const [sample] = await hot.prepare(setup, 1);
  if (sample === undefined) throw new Error(`${hot.name}: no call was prepared`);
  const answer = await gateway.send(sample);
  await doNothing.order({
    tokens: [setup.serviceToken, ...setup.edgeTokens],
    contentType: answer.contentType,
    body: answer.body.toString('base64'),
  });
  const echoed = await baseline.send(sample);
  if (echoed.status !== answer.status || echoed.body.length !== answer.body.length) {
    throw new Error(`${hot.name}: the do-nothing server does not answer alike`);
  }

  const warmUp = await hot.prepare(setup, plan.httpWarmUpCalls);
  await gateway.sendAll(warmUp, answer);
  await baseline.sendAll(warmUp, answer);
  const pairs: Pair[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    const calls = await hot.prepare(setup, plan.httpCalls);
    pairs.push(
      await measurePair(
        round,
        () => gateway.sendAll(calls, answer),
        () => baseline.sendAll(calls, answer),
      ),
    );
  }
  return {
    ...compare(hot.name, pairs),
    requestBytes: Buffer.byteLength(at([sample], 0).body ?? ''),
    answerBytes: answer.body.length,
  };
}
