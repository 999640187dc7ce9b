import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchPlan } from '../bench-plan';
import { benchEdges } from '../engine/bench-edges';
import { openEngine, type Engine } from '../engine/engine';
import { perSecond } from '../measure/concurrent-calls';
import { ownCpu } from '../measure/cpu-meter';
import { compare, measurePairs, type Comparison } from '../measure/pairs';
import { sample, type Sample } from '../measure/sample';

/** The label that every edge of the bench has. */
const OWN = { customer: 'own' };

/** What waits when the leases begin, with as many tasks for the edges as are leased. */
const SHAPES: Readonly<Record<string, (engine: Engine, plan: BenchPlan) => Promise<void>>> = {
  '1 queue': async (engine, { claimLeases }) => submitOwn(engine, claimLeases),
  'queues, in turn': async (engine, { claimGroups }) => {
    await perSecond(claimGroups, (index) => engine.submit({ queue: `queue-${index}` }));
  },
  'queues, and 1 group beside': async (engine, { claimGroups, claimLeases }) => {
    await submitOwn(engine, claimLeases);
    await perSecond(claimGroups, (index) =>
      engine.submit({ queue: `queue-${index}`, requires: { customer: `other-${index}` } }),
    );
  },
  'groups of 1 queue, of which the edge runs 1': async (engine, { claimGroups, claimLeases }) => {
    await submitOwn(engine, claimLeases);
    for (let number = 0; number < claimGroups; number += 1000) {
      const tasks = Array.from({ length: Math.min(1000, claimGroups - number) }, (_, index) => ({
        requires: { arch: 'x64', customer: `other-${number + index}` },
      }));
      await engine.submit({ tasks });
    }
  },
};

/** Half of them require the label, so that there is more than one class to look at. */
async function submitOwn(engine: Engine, count: number): Promise<void> {
  await perSecond(count, (index) => engine.submit(index % 2 === 0 ? {} : { requires: OWN }));
}

/**
 * A lease beside thousands of queues and groups, held against a lease beside none: the same calls on the same engine,
 * each side on a copy of its own file. The ratio is subject to baseline: 0.5 is twice as dear.
 */
export async function benchClaims(plan: BenchPlan, folder: string): Promise<Comparison[]> {
  const files = new Map<string, string>();
  for (const [name, fill] of Object.entries(SHAPES)) {
    const file = join(folder, `${name.replaceAll(/\W+/g, '-')}.db`);
    const engine = await openEngine(file);
    await fill(engine, plan);
    await engine.close();
    files.set(name, file);
  }
  const [baseline = '', ...subjects] = files.keys();
  const comparisons: Comparison[] = [];
  for (const subject of subjects) {
    const sides = {
      subject: () => leases(files.get(subject) ?? '', plan.claimLeases),
      baseline: () => leases(files.get(baseline) ?? '', plan.claimLeases),
    };
    await measurePairs({ rounds: plan.engineWarmUpRounds, budgetMs: 0 }, async () => sides);
    const pairs = await measurePairs(plan, async () => sides);
    comparisons.push(compare(`beside ${plan.claimGroups} ${subject}`, pairs));
  }
  return comparisons;
}

async function leases(file: string, count: number): Promise<Sample> {
  const copy = `${file}-${performance.now()}`;
  await copyFile(file, copy);
  const engine = await openEngine(copy);
  const edgeOf = await benchEdges(engine, OWN);
  const result = await sample(ownCpu, () =>
    perSecond(count, async (index) => {
      await engine.lease(edgeOf(index));
    }),
  );
  await engine.close();
  return result;
}
