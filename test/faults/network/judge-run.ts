import { errorLines } from '../error-lines';
import type { NetworkRecord } from './network-record';
import type { NetworkSettings } from './network-settings';
import { checkLeases } from './outcome/check-leases';
import { checkReplays } from './outcome/check-replays';
import { checkOutcome } from './outcome/check-outcome';
import type { DatabaseFacts } from './outcome/read-database';
import { FAULT_KINDS } from './proxy/fault-plan';

/** With so many outages it would be a wonder if no lease had run out, and none had been revived. */
const OUTAGES_THAT_SHOW = 40;
const SHOWN_AT_MOST = 20;
const LOG_LINE_CHARS = 400;

/** What is wrong, at most twenty findings of each sort; empty when all is well. */
export function judgeRun({ taskCount }: NetworkSettings, record: NetworkRecord): string[] {
  const { outcome, facts, journal, notice, gatewayEnding, gatewayLog } = record;
  const tasks = outcome.jobs.flatMap((job) => job.tasks);
  const missingFaults = FAULT_KINDS.filter((kind) => journal.faultCount(kind) === 0);
  const findings = [
    checkOutcome(outcome),
    checkLeases(journal.entries),
    checkReplays(journal.entries),
    tasks.length === taskCount ? [] : [`there are ${tasks.length} tasks, not ${taskCount}`],
    missingFaults.map((kind) => `it never happened: ${kind}`),
    journal.outageCount < OUTAGES_THAT_SHOW ? [] : neverSeen(facts),
    notice.faults.map((fault) => `an agent ended: ${fault}`),
    gatewayEnding.code === 0 ? [] : [`the gateway ended with ${JSON.stringify(gatewayEnding)}`],
    journal.entries
      .filter(({ status }) => status === 500)
      .map(({ method, path }) => `the gateway answered 500: ${method} ${path}`),
    errorLines(gatewayLog).map((line) => `the gateway logged: ${line.slice(0, LOG_LINE_CHARS)}`),
  ];
  return findings.flatMap((ofSort) => ofSort.slice(0, SHOWN_AT_MOST));
}

function neverSeen({ attemptCounts, eventCounts }: DatabaseFacts): string[] {
  return [
    ...(attemptCounts['expired'] === undefined ? ['no lease has run out'] : []),
    ...(eventCounts['task.revived'] === undefined ? ['no lease was revived'] : []),
  ];
}
