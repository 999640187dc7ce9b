import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Database } from '@foreman/database';
import { JobSubmission, JobViews, Queues, listJobs, type JobFilter } from '@foreman/jobs';
import { Retention, RetentionModule } from '@foreman/retention';
import { Deliveries } from '@foreman/webhooks';
import { NestFactory } from '@nestjs/core';
import { StatsReader } from '../../../apps/gateway/admin-api/stats.reader';
import { WebhookStatsReader } from '../../../apps/gateway/admin-api/webhook-stats.reader';
import type { BenchPlan } from '../bench-plan';
import { EngineModule } from '../engine/engine.module';
import { cpuMs } from '../measure/loop-gaps';
import { quantile } from '../measure/quantiles';
import { writeKeptJobs } from './kept-jobs';

export interface ListFinding {
  readonly name: string;
  /** CPU of one call beside so many kept jobs, in their order; the medians. */
  readonly cpuMs: readonly number[];
}

export interface ListsFinding {
  /** Finalized jobs that are kept. */
  readonly kept: readonly number[];
  readonly calls: readonly ListFinding[];
}

const FIRST_PAGE = { limit: 50, cursor: null };

/** What lists, counters and an idle run of retention cost beside few and many kept jobs: the calls that the gateway makes. */
export async function benchLists(plan: BenchPlan, folder: string): Promise<ListsFinding> {
  const costs = new Map<string, number[]>();
  for (const kept of plan.listsKept) {
    const own = join(folder, String(kept));
    await mkdir(own);
    for (const [name, cost] of await costsBeside(kept, plan, own)) {
      costs.set(name, [...(costs.get(name) ?? []), cost]);
    }
  }
  const calls = [...costs].map(([name, found]) => ({ name, cpuMs: found }));
  return { kept: plan.listsKept, calls };
}

async function costsBeside(
  kept: number,
  plan: BenchPlan,
  folder: string,
): Promise<[name: string, cpuMs: number][]> {
  const module = {
    module: class ListsModule {},
    imports: [EngineModule.on(join(folder, 'lists.db')), RetentionModule.forRoot()],
    providers: [StatsReader, WebhookStatsReader],
  };
  const app = await NestFactory.createApplicationContext(module, {
    logger: ['error', 'fatal'],
    abortOnError: false,
  });
  try {
    const { reads, driver } = app.get(Database);
    const submission = app.get(JobSubmission);
    writeKeptJobs(driver, kept);
    for (let n = 0; n < 20; n += 1) await submission.submit({ kind: 'even' });
    const retention = app.get(Retention);
    // The keys of the kept jobs are looked at once; what is measured is a run after that.
    for (let run = 0; run * KEYS_A_RUN < kept; run += 1) await retention.runOnce();

    const jobs = (filter: JobFilter) => async () => {
      const { items } = await listJobs(reads, filter, FIRST_PAGE);
      await app.get(JobViews).of(reads, items);
    };
    const deliveries = (filter: Parameters<Deliveries['list']>[1]) => () =>
      app.get(Deliveries).list(reads, filter, FIRST_PAGE);
    const calls: [string, () => Promise<unknown>][] = [
      ['jobs, newest', jobs({})],
      ['jobs of a kind', jobs({ kind: 'even' })],
      ['jobs of a rare kind', jobs({ kind: 'rare' })],
      ['jobs of no kind', jobs({ kind: 'none' })],
      ['jobs of a queue', jobs({ queue: 'odd' })],
      ['jobs of an edge', jobs({ edgeId: 'edge-4' })],
      ['jobs of an edge that had few', jobs({ edgeId: 'edge-rare' })],
      ['failed jobs of a kind', jobs({ kind: 'other', status: 'failed' })],
      ['queued jobs of a queue', jobs({ queue: 'odd', status: 'queued' })],
      ['jobs of a kind in a queue that never meet', jobs({ kind: 'even', queue: 'odd' })],
      ['all counters', () => app.get(StatsReader).read()],
      ['queues', () => app.get(Queues).list(reads, FIRST_PAGE)],
      ['deliveries', deliveries({})],
      ['deliveries that were given up', deliveries({ status: 'exhausted' })],
      ['a run of retention', () => retention.runOnce()],
      ['a submission', () => submission.submit({ kind: 'even' })],
    ];
    const costs: [string, number][] = [];
    for (const [name, call] of calls) costs.push([name, await costOf(call, plan.listsRounds)]);
    return costs;
  } finally {
    await app.close();
  }
}

/** As retention bounds itself: 100 units of 200. */
const KEYS_A_RUN = 20_000;

/** The median, after a tenth as many calls that are not counted. */
async function costOf(call: () => Promise<unknown>, rounds: number): Promise<number> {
  const spent: number[] = [];
  for (let round = -Math.ceil(rounds / 10); round < rounds; round += 1) {
    const began = cpuMs();
    await call();
    if (round >= 0) spent.push(cpuMs() - began);
  }
  return quantile(spent, 0.5);
}
