import type { JournalEntry } from '../proxy/exchange-journal';

/** Only a live lease gets a 2xx for these; an ending may be repeated long after. */
const WRITE = /^\/internal\/edges\/tasks\/([^/]+)\/(?:heartbeat|results|artifacts\/)/;

/**
 * The fence, seen from outside: once a write under one lease of a task was accepted, none under another lease that was
 * sent after may be, unless that one is newer. So each task's accepted leases follow each other and never come back.
 */
export function checkLeases(journal: readonly JournalEntry[]): string[] {
  const writes = new Map<string, JournalEntry[]>();
  for (const entry of journal) {
    const taskId = WRITE.exec(entry.path)?.[1];
    if (taskId === undefined || entry.status === null || entry.status >= 300) continue;
    writes.set(taskId, [...(writes.get(taskId) ?? []), entry]);
  }
  return [...writes].flatMap(([taskId, ofTask]) => {
    return comebacks(ofTask).map((token) => `task ${taskId}: lease ${token} was accepted again`);
  });
}

/** Leases that got a 2xx for something sent after another, later lease had got one. */
function comebacks(writes: readonly JournalEntry[]): string[] {
  const firstAcceptedMs = new Map<string, number>();
  for (const { leaseToken, answeredMs } of writes) {
    if (leaseToken === null) continue;
    const known = firstAcceptedMs.get(leaseToken) ?? Infinity;
    firstAcceptedMs.set(leaseToken, Math.min(known, answeredMs));
  }
  const isComeback = ({ leaseToken, sentMs }: JournalEntry) => {
    const ownMs = firstAcceptedMs.get(leaseToken ?? '') ?? Infinity;
    return [...firstAcceptedMs.values()].some((otherMs) => ownMs < otherMs && otherMs < sentMs);
  };
  return [...new Set(writes.filter(isComeback).map(({ leaseToken }) => leaseToken ?? ''))];
}
