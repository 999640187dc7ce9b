import { textTable } from '../../bench/report/text-table';
import type { NetworkRecord } from './network-record';
import type { ExchangeJournal, JournalEntry } from './proxy/exchange-journal';
import { FAULT_KINDS, type FaultKind } from './proxy/fault-plan';

const ERRORS_SHOWN = 20;

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
    faultTable(journal),
    `answers: ${countsText(countsOf(entries.map(statusOf)))}`,
    `answers to late duplicates: ${countsText(countsOf(duplicates.map(statusOf)))}`,
    `attempts: ${countsText(facts.attemptCounts)}`,
    `attempts that ended otherwise: ${countsText(facts.errorCounts)}`,
    `leases revived: ${facts.eventCounts['task.revived'] ?? 0}`,
    `lease answers replayed: ${replayCount(entries)}`,
    `late writes kept: ${facts.lateWriteCount}`,
    `leases that agents lost: ${notice.lostLeaseCount}, with ${notice.droppedEntryCount} writes given up`,
    `errors that agents logged: ${notice.errors.length}`,
    ...notice.errors.slice(0, ERRORS_SHOWN).map((line) => `  ${line}`),
  ].join('\n');
}

/** A row for each fault, a column for each call, and for all of them. */
function faultTable({ faults }: ExchangeJournal): string {
  const names = [...new Set([...faults.keys()].map(shortName))].toSorted();
  const cells = (kind: FaultKind) => {
    const counts = names.map((name) =>
      [...faults]
        .filter(([call]) => shortName(call) === name)
        .reduce((sum, [, kinds]) => sum + (kinds.get(kind) ?? 0), 0),
    );
    return [...counts, counts.reduce((sum, count) => sum + count, 0)].map(String);
  };
  return textTable(
    ['fault', ...names, 'all'],
    FAULT_KINDS.map((kind) => [kind, ...cells(kind)]),
  );
}

/** `POST /internal/edges/tasks/:id/complete` becomes `complete`, `PUT .../artifacts/trace` becomes `artifacts`. */
function shortName(call: string): string {
  return call
    .replace(/^\w+ \//, '')
    .replace('internal/edges/tasks/:id/', '')
    .replace('internal/edges/tasks/', '')
    .replace('internal/edges/', 'edge ')
    .replace(/^(artifacts)\/.*/, '$1');
}

/** Of polls that gave a lease: those that had given it before. */
function replayCount(entries: readonly JournalEntry[]): number {
  const leased = entries.filter(
    ({ path, status }) => /\/tasks\/(?:next|lease)$/.test(path) && status === 200,
  );
  return leased.length - new Set(leased.map(({ idempotencyKey }) => idempotencyKey)).size;
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
