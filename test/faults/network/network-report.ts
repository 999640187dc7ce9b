import type { Ending } from '../../e2e/harness/gateway-process';
import type { AgentsNotice } from './agents/agents.protocol';
import type { NetworkSettings } from './network-settings';
import { checkLeases } from './outcome/check-leases';
import { checkOutcome } from './outcome/check-outcome';
import type { Outcome } from './outcome/outcome.types';
import type { DatabaseFacts } from './outcome/read-database';
import type { ExchangeJournal, JournalEntry } from './proxy/exchange-journal';
import { FAULT_KINDS } from './proxy/fault-plan';

/** All that is known of a run when it is over. */
export interface NetworkRecord {
  readonly outcome: Outcome;
  readonly facts: DatabaseFacts;
  readonly journal: ExchangeJournal;
  readonly notice: AgentsNotice;
  readonly gatewayEnding: Ending;
  readonly gatewayLog: string;
  readonly seconds: {
    readonly submitting: number;
    /** From the first submission until the last task was done. */
    readonly working: number;
    /** Until the agents had stopped and the last duplicate had arrived. */
    readonly untilCalm: number;
  };
}

/** With so many outages it would be a wonder if no lease had run out, and none had been revived. */
const OUTAGES_THAT_SHOW = 40;
const SHOWN_AT_MOST = 20;

/** What is wrong, at most twenty findings of each sort; empty when all is well. */
export function judgeRun({ taskCount }: NetworkSettings, record: NetworkRecord): string[] {
  const { outcome, facts, journal, notice, gatewayEnding, gatewayLog } = record;
  const tasks = outcome.jobs.flatMap((job) => job.tasks);
  const missingFaults = FAULT_KINDS.filter((kind) => journal.faultCount(kind) === 0);
  const findings = [
    checkOutcome(outcome),
    checkLeases(journal.entries),
    tasks.length === taskCount ? [] : [`there are ${tasks.length} tasks, not ${taskCount}`],
    missingFaults.map((kind) => `it never happened: ${kind}`),
    journal.outageCount < OUTAGES_THAT_SHOW ? [] : neverSeen(facts),
    notice.faults.map((fault) => `an agent ended: ${fault}`),
    gatewayEnding.code === 0 ? [] : [`the gateway ended with ${JSON.stringify(gatewayEnding)}`],
    journal.entries
      .filter(({ status }) => status === 500)
      .map(({ method, path }) => `the gateway answered 500: ${method} ${path}`),
    errorLines(gatewayLog).map((line) => `the gateway logged: ${line}`),
  ];
  return findings.flatMap((ofSort) => ofSort.slice(0, SHOWN_AT_MOST));
}

/** Figures for a person. */
export function reportRun({ outcome, facts, journal, notice, seconds }: NetworkRecord): string {
  const { entries } = journal;
  const tasks = outcome.jobs.flatMap((job) => job.tasks);
  const duplicates = entries.filter(({ isDuplicate }) => isDuplicate);
  const faults = FAULT_KINDS.reduce((sum, kind) => sum + journal.faultCount(kind), 0);
  return [
    `${tasks.length} tasks in ${outcome.jobs.length} jobs, ${outcome.storedRowCount} rows`,
    `submitted in ${rounded(seconds.submitting)} s, done after ${rounded(seconds.working)} s, ` +
      `calm ${rounded(seconds.untilCalm)} s later`,
    `${journal.exchangeCount} exchanges, ${faults} with a fault, ${journal.outageCount} outages`,
    ...FAULT_KINDS.map((kind) => `  ${kind}: ${journal.faultCount(kind)}`),
    'faults by call',
    ...[...journal.faults].toSorted().map(([call, kinds]) => {
      return `  ${call}: ${FAULT_KINDS.map((kind) => kinds.get(kind) ?? 0).join(' ')}`;
    }),
    `answers: ${countsText(countsOf(entries.map(statusOf)))}`,
    `answers to late duplicates: ${countsText(countsOf(duplicates.map(statusOf)))}`,
    `attempts: ${countsText(facts.attemptCounts)}`,
    `leases revived: ${facts.eventCounts['task.revived'] ?? 0}`,
    `lease answers replayed: ${replayCount(entries)}`,
    `late writes kept: ${facts.lateWriteCount}`,
    `errors that agents logged: ${notice.errors.length}`,
    ...notice.errors.slice(0, SHOWN_AT_MOST).map((line) => `  ${line}`),
  ].join('\n');
}

function neverSeen({ attemptCounts, eventCounts }: DatabaseFacts): string[] {
  return [
    ...(attemptCounts['expired'] === undefined ? ['no lease has run out'] : []),
    ...(eventCounts['task.revived'] === undefined ? ['no lease was revived'] : []),
  ];
}

/** Of polls that gave a lease: those that had given it before. */
function replayCount(entries: readonly JournalEntry[]): number {
  const leased = entries.filter(
    ({ path, status }) => /\/tasks\/(?:next|lease)$/.test(path) && status === 200,
  );
  return leased.length - new Set(leased.map(({ idempotencyKey }) => idempotencyKey)).size;
}

/** Lines of level error or fatal (pino's 50 and 60). */
function errorLines(log: string): string[] {
  return log.split('\n').filter((line) => /"level":(?:50|60)\b/.test(line));
}

function statusOf({ status }: JournalEntry): string {
  return status === null ? 'none' : String(status);
}

function countsOf(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

function rounded(seconds: number): string {
  return seconds.toFixed(1);
}
