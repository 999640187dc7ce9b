import type { JournalEntry } from '../proxy/exchange-journal';
import { checkReplays } from './check-replays';

function poll(key: string, leasesGiven: readonly string[]): JournalEntry {
  return {
    link: 'edge-1',
    method: 'POST',
    path: '/internal/edges/tasks/lease',
    leaseToken: null,
    idempotencyKey: key,
    isDuplicate: false,
    leasesGiven,
    sentMs: 0,
    answeredMs: 1,
    status: 200,
  };
}

describe('checkReplays', () => {
  it('takes the same again, or less, for right', () => {
    const journal = [poll('a', ['1', '2']), poll('a', ['2']), poll('a', []), poll('b', ['3'])];
    expect(checkReplays(journal)).toEqual([]);
  });

  it.each([
    ['another lease', [poll('a', ['1']), poll('a', ['2'])]],
    ['one lease more', [poll('a', ['1', '2']), poll('a', ['2', '3'])]],
  ])('finds that a repeat gave %s', (_what, journal) => {
    expect(checkReplays(journal)).toEqual([
      'repeated, it leased anew: edge-1 /internal/edges/tasks/lease a',
    ]);
  });
});
