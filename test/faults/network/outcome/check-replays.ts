import type { JournalEntry } from '../proxy/exchange-journal';

/**
 * A lease request that comes again, from its caller or as a late duplicate, gives what it gave before or less, never
 * anything else: else a task would wait for nobody until its lease runs out.
 */
export function checkReplays(journal: readonly JournalEntry[]): string[] {
  const requests = new Map<string, JournalEntry[]>();
  for (const entry of journal) {
    if (entry.leasesGiven.length === 0) continue;
    const { link, path, idempotencyKey, leaseToken } = entry;
    const request = `${link} ${path} ${idempotencyKey ?? leaseToken ?? ''}`;
    requests.set(request, [...(requests.get(request) ?? []), entry]);
  }
  return [...requests].flatMap(([request, answers]) => {
    const given = new Set(answers.flatMap(({ leasesGiven }) => leasesGiven));
    const most = Math.max(...answers.map(({ leasesGiven }) => leasesGiven.length));
    return given.size > most ? [`repeated, it leased anew: ${request}`] : [];
  });
}
