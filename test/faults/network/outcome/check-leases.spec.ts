import type { JournalEntry } from '../proxy/exchange-journal';
import { checkLeases } from './check-leases';

function write(leaseToken: string, sentMs: number, seen: Partial<JournalEntry> = {}): JournalEntry {
  return {
    link: 'edge-1',
    method: 'POST',
    path: '/internal/edges/tasks/t1/results',
    leaseToken,
    idempotencyKey: null,
    isDuplicate: false,
    leasesGiven: [],
    sentMs,
    answeredMs: sentMs + 5,
    status: 200,
    ...seen,
  };
}

describe('checkLeases', () => {
  it('takes leases that follow each other for right, and what was refused too', () => {
    const late = write('a', 50, { status: 409, isDuplicate: true });
    const lost = write('a', 51, { status: null });
    expect(checkLeases([write('a', 0), write('a', 10), write('b', 20), late, lost])).toEqual([]);
  });

  it('takes a write for right that was on its way when the next lease was first heard of', () => {
    expect(checkLeases([write('a', 0), write('b', 20), write('a', 24)])).toEqual([]);
  });

  it('tasks do not mix, and an ending may be repeated', () => {
    const other = write('a', 50, { path: '/internal/edges/tasks/t2/results' });
    const repeat = write('a', 60, { path: '/internal/edges/tasks/t1/fail' });
    expect(checkLeases([write('a', 0), write('b', 20), other, repeat])).toEqual([]);
  });

  it.each(['results', 'heartbeat', 'artifacts/trace'])(
    'finds that %s were accepted under a lease that another one had followed',
    (call) => {
      const late = write('a', 50, { path: `/internal/edges/tasks/t1/${call}`, isDuplicate: true });
      expect(checkLeases([write('a', 0), write('b', 20), late])).toEqual([
        'task t1: lease a was accepted again',
      ]);
    },
  );
});
