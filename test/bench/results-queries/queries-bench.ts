import { join } from 'node:path';
import { Database } from '@foreman/database';
import { JobSubmission } from '@foreman/jobs';
import { Leasing } from '@foreman/leasing';
import {
  ResultExports,
  ResultIngestion,
  ResultQueries,
  ResultSummaries,
  type ResultQuery,
} from '@foreman/results';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { BenchPlan } from '../bench-plan';
import { benchEdges } from '../engine/bench-edges';
import { EngineModule } from '../engine/engine.module';
import { quantile } from '../measure/quantiles';
import { cpuMs, LoopGaps } from '../measure/loop-gaps';

/** One question, asked again and again, as its caller sees it and as everybody else does. */
export interface QuestionFinding {
  readonly name: string;
  readonly p50Ms: number;
  readonly worstMs: number;
  /** What it cost, threads of the garbage collector included. */
  readonly cpuMs: number;
  /** The longest time, of CPU, for which the event loop did nothing else. */
  readonly worstGapMs: number;
}

export interface QueriesFinding {
  readonly rows: number;
  readonly questions: readonly QuestionFinding[];
}

const ROWS_A_POST = 5000;
const BY_ARRIVAL: ResultQuery = { sort: null, order: 'desc' };
const BEST: ResultQuery = { sort: 'metrics.sharpe', order: 'desc' };
const FILTERED = { ...BEST, where: ['metrics.trades>=30', 'metrics.drawdown<0.2'] };

/** What a page and a summary of a large job cost, in process: the same calls that the gateway makes. */
export async function benchQueries(plan: BenchPlan, folder: string): Promise<QueriesFinding> {
  const app = await NestFactory.createApplicationContext(EngineModule.on(join(folder, 'rows.db')), {
    logger: ['error', 'fatal'],
    abortOnError: false,
  });
  try {
    const jobId = await fill(app, plan.queriesRows);
    const { reads } = app.get(Database);
    const page = (query: ResultQuery, cursor: string | null = null) =>
      app.get(ResultQueries).pageText(reads, jobId, { ...query, limit: 50, cursor });
    const summary = (where: readonly string[]) => app.get(ResultSummaries).of(reads, jobId, where);
    const { nextCursor } = await page(BEST);
    const questions: [string, () => Promise<unknown>][] = [
      ['first 50 by arrival', () => page(BY_ARRIVAL)],
      ['first 50 by a metric', () => page(BEST)],
      ['next 50 by a metric', () => page(BEST, nextCursor)],
      ['first 50 by a metric, where two are', () => page(FILTERED)],
      [
        'first 50 by arrival, where one is',
        () => page({ ...BY_ARRIVAL, where: ['metrics.trades>190'] }),
      ],
      ['one config', () => page({ ...BY_ARRIVAL, where: ['configId=c77'] })],
      ['summary', () => summary([])],
      ['summary, where one is', () => summary(['metrics.trades>=30'])],
      ['best 1% as NDJSON', () => drained(app, jobId, { ...BEST, where: ['metrics.trades>=198'] })],
    ];
    const findings: QuestionFinding[] = [];
    for (const [name, ask] of questions) findings.push(await measured(name, ask, plan));
    return { rows: plan.queriesRows, questions: findings };
  } finally {
    await app.close();
  }
}

async function measured(
  name: string,
  ask: () => Promise<unknown>,
  plan: BenchPlan,
): Promise<QuestionFinding> {
  await ask();
  const tookMs: number[] = [];
  const spentMs: number[] = [];
  const gaps = new LoopGaps();
  for (let round = 0; round < plan.queriesRounds; round += 1) {
    const beganMs = performance.now();
    const beganCpuMs = cpuMs();
    await ask();
    spentMs.push(cpuMs() - beganCpuMs);
    tookMs.push(performance.now() - beganMs);
    await new Promise(setImmediate);
  }
  return {
    name,
    p50Ms: quantile(tookMs, 0.5),
    worstMs: Math.max(...tookMs),
    cpuMs: quantile(spentMs, 0.5),
    worstGapMs: gaps.stop(),
  };
}

async function drained(
  app: INestApplicationContext,
  jobId: string,
  query: ResultQuery,
): Promise<number> {
  let bytes = 0;
  for await (const chunk of await app.get(ResultExports).ndjson(jobId, query)) {
    bytes += (chunk as Buffer).length;
  }
  return bytes;
}

/** One task's rows of three config values and five metrics, scattered the same way in every run. */
async function fill(app: INestApplicationContext, count: number): Promise<string> {
  const { id } = await app.get(JobSubmission).submit({ kind: 'bench', leaseSeconds: 3600 });
  const edge = (await benchEdges({ database: app.get(Database) }))(0);
  const asked = { max: 1, waitSeconds: 0, isResuming: false, idempotency: null };
  const [leased] = (await app.get(Leasing).lease(edge, asked)).items;
  if (leased === undefined) throw new Error('There was no task to lease');
  const lease = { taskId: leased.task.id, leaseToken: leased.leaseToken, edgeId: edge.edgeId };
  for (let from = 0; from < count; from += ROWS_A_POST) {
    const rows = Array.from({ length: Math.min(ROWS_A_POST, count - from) }, (_, index) =>
      rowOf(from + index),
    );
    await app.get(ResultIngestion).postRows({ ...lease, rows });
  }
  return id;
}

function rowOf(index: number) {
  // Knuth's multiplicative hash.
  const scattered = (Math.imul(index + 1, 2_654_435_761) >>> 0) / 2 ** 32;
  return {
    configId: `c${index}`,
    config: { fast: index % 50, slow: 50 + (index % 200), stop: scattered / 10 },
    metrics: {
      sharpe: scattered * 4 - 2,
      trades: index % 200,
      drawdown: (scattered * 7919) % 1,
      profit: scattered * 1e5 - (index % 1000),
      won: index % 3 === 0,
    },
  };
}
