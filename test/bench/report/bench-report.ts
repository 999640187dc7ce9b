import { cpus, release, type } from 'node:os';
import type { BenchPlan } from '../bench-plan';
import type { EngineComparison } from '../engine/engine-bench';
import type { HttpComparison } from '../http/http-bench';
import type { LanesFinding, Latency } from '../lanes/lanes-bench';
import type { ListsFinding } from '../lists/lists-bench';
import type { Comparison } from '../measure/pairs';
import type { PollsFinding, WakeLatency } from '../polls/polls-bench';
import type { ResultsFinding } from '../results/results-bench';
import type { QueriesFinding, QuestionFinding } from '../results-queries/queries-bench';
import type { TransferFinding } from '../transfers/transfers-bench';
import type { WebhooksFinding } from '../webhooks/webhooks-bench';
import { transfersText } from './transfers-text';
import { textTable } from './text-table';
import { webhooksText } from './webhooks-text';

/** All that one run has found; a part that was not asked for is null. Written as it is by `--json`. */
export interface BenchReport {
  readonly machine: { readonly node: string; readonly system: string; readonly cores: number };
  readonly plan: BenchPlan;
  readonly engine: readonly EngineComparison[] | null;
  readonly claims: readonly Comparison[] | null;
  readonly http: readonly HttpComparison[] | null;
  readonly lanes: LanesFinding | null;
  readonly lists: ListsFinding | null;
  readonly polls: PollsFinding | null;
  readonly queries: QueriesFinding | null;
  readonly results: ResultsFinding | null;
  readonly transfers: readonly TransferFinding[] | null;
  readonly webhooks: WebhooksFinding | null;
}

export function machine(): BenchReport['machine'] {
  return {
    node: process.version,
    system: `${type()} ${release()}`,
    cores: cpus().length,
  };
}

/** The tables that a person reads. */
export function reportText(report: BenchReport): string {
  const {
    machine: host,
    engine,
    claims,
    http,
    lanes,
    lists,
    polls,
    queries,
    results,
    transfers,
    webhooks,
  } = report;
  return [
    `Node ${host.node}, ${host.cores} cores, 16 callers at once. Only the ratios mean something.`,
    ...(engine === null ? [] : [engineText(engine)]),
    ...(claims === null ? [] : [claimsText(claims)]),
    ...(http === null ? [] : [httpText(http)]),
    ...(lanes === null ? [] : [lanesText(lanes)]),
    ...(polls === null ? [] : [pollsText(polls)]),
    ...(queries === null ? [] : [queriesText(queries)]),
    ...(results === null ? [] : [resultsText(results)]),
    ...(transfers === null ? [] : [transfersText(transfers, report.plan)]),
    ...(webhooks === null ? [] : [webhooksText(webhooks)]),
    ...(lists === null ? [] : [listsText(lists)]),
  ].join('\n\n');
}

function engineText(rows: readonly EngineComparison[]): string {
  const head = ['engine in process', 'foreman/s', 'driver/s', ...RATIO_HEAD, 'SQL each', 'group'];
  const table = textTable(
    head,
    rows.map((row) => [
      ...comparisonCells(row),
      row.statementsEach.toFixed(1),
      row.meanGroupSize.toFixed(1),
    ]),
  );
  return `1. The engine against its own statements on the bare driver\n\n${table}`;
}

function claimsText(rows: readonly Comparison[]): string {
  const head = ['a lease', 'there/s', 'alone/s', ...RATIO_HEAD];
  return `10. A lease beside many queues and groups, against one beside none\n\n${textTable(head, rows.map(comparisonCells))}`;
}

function httpText(rows: readonly HttpComparison[]): string {
  const head = ['HTTP call', 'foreman/s', 'nothing/s', ...RATIO_HEAD, 'bytes in', 'bytes out'];
  const table = textTable(
    head,
    rows.map((row) => [...comparisonCells(row), String(row.requestBytes), String(row.answerBytes)]),
  );
  return `2. The gateway against a Nest application that does nothing\n\n${table}`;
}

const RATIO_HEAD = ['ratio', 'lowest', 'highest', 'CPU ratio', 'rounds'];

function comparisonCells(row: Comparison): string[] {
  const speeds = [row.subjectPerSecond, row.baselinePerSecond].map((speed) => speed.toFixed(0));
  const ratios = [row.ratio, row.lowestRatio, row.highestRatio].map((ratio) => ratio.toFixed(2));
  const cpuRatio = row.cpuRatio?.toFixed(2) ?? '-';
  return [row.name, ...speeds, ...ratios, cpuRatio, String(row.rounds)];
}

function lanesText(lanes: LanesFinding): string {
  const cells = ({ name, writes, p50Ms, p99Ms, worstMs }: Latency) => [
    name,
    String(writes),
    ...[p50Ms, p99Ms, worstMs].map((ms) => ms.toFixed(2)),
  ];
  const head = ['small write', 'writes', 'p50 ms', 'p99 ms', 'worst ms'];
  const table = textTable(head, [cells(lanes.alone), cells(lanes.besideUploads)]);
  const uploads = `The uploads came to ${lanes.uploadMebibytesPerSecond.toFixed(0)} MiB/s meanwhile.`;
  return `3. Two lanes: a small write beside uploads\n\n${table}\n${uploads}`;
}

function pollsText(polls: PollsFinding): string {
  const cells = ({ name, tasks, p50Ms, p99Ms, worstMs, p99FromCallMs }: WakeLatency) => [
    name,
    String(tasks),
    ...[p50Ms, p99Ms, worstMs, p99FromCallMs].map((ms) => ms.toFixed(1)),
  ];
  const head = ['a task beside', 'tasks', 'p50 ms', 'p99 ms', 'worst ms', 'p99 from call ms'];
  const table = textTable(head, [cells(polls.many), cells(polls.one)]);
  const seconds = (polls.idleMs / 1000).toFixed(0);
  const idle = `${polls.parkedPolls} parked polls, ${seconds} s: ${polls.idleStatements} SQL statements.`;
  const ratio = (polls.many.p99FromCallMs / polls.one.p99FromCallMs).toFixed(2);
  return [
    `4. Parked polls: from a submission's answer to the lease's\n`,
    table,
    `p99 from the call, many to one: ${ratio}. ${idle}`,
    ...polls.latest.map((sql) => `  ${sql.replaceAll(/\s+/g, ' ').trim()}`),
  ].join('\n');
}

function resultsText({ rows, flows, incoming }: ResultsFinding): string {
  const table = textTable(
    [`${rows} rows`, 'rows/s', 'growth MiB'],
    flows.map(({ name, rowsPerSecond, growthMebibytes }) => [
      name,
      rowsPerSecond.toFixed(0),
      growthMebibytes?.toFixed(1) ?? '-',
    ]),
  );
  const { ratio, lowestRatio, highestRatio, cpuRatio, baselinePerSecond, rounds } = incoming;
  const range = `${lowestRatio.toFixed(2)} to ${highestRatio.toFixed(2)} over ${rounds} slices`;
  return [
    `5. Result rows through the gateway, against the bare driver\n`,
    table,
    `The bare driver: ${baselinePerSecond.toFixed(0)} rows/s. Ratio in: ${ratio.toFixed(2)} (${range}), by CPU ${cpuRatio?.toFixed(2) ?? '-'}.`,
  ].join('\n');
}

function queriesText({ rows, questions }: QueriesFinding): string {
  const cells = ({ name, p50Ms, worstMs, cpuMs, worstGapMs }: QuestionFinding) => [
    name,
    ...[p50Ms, worstMs, cpuMs, worstGapMs].map((ms) => ms.toFixed(1)),
  ];
  const head = [`of ${rows} rows`, 'p50 ms', 'worst ms', 'CPU ms', 'worst gap ms'];
  return `6. Questions about result rows, and how long nobody else had a turn\n\n${textTable(head, questions.map(cells))}`;
}

function listsText({ kept, calls }: ListsFinding): string {
  const head = ['CPU ms beside kept jobs', ...kept.map(String)];
  const rows = calls.map(({ name, cpuMs }) => [name, ...cpuMs.map((ms) => ms.toFixed(2))]);
  return `9. Lists and counters beside what is kept\n\n${textTable(head, rows)}`;
}
