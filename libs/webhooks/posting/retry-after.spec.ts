import { retryAfterMs } from './retry-after';

const NOW = Date.parse('2026-01-01T00:00:00Z');

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7000],
    ['Thu, 01 Jan 2026 00:05:00 GMT', 300_000],
    ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
    ['9999999999', 86_400_000],
    ['Fri, 01 Jan 2027 00:00:00 GMT', 86_400_000],
  ])('%j is %i ms', (header, expected) => {
    expect(retryAfterMs(header, NOW)).toBe(expected);
  });

  it.each([
    undefined,
    '',
    '-1',
    '1.5',
    'soon',
    '2026-01-01',
    '1e3',
    'Sat, 31 Jan 2026 24:30:00 GMT',
    'Mon, 30 Feb 2026 00:00:00 GMT',
  ])('%j is nothing', (header) => {
    expect(retryAfterMs(header, NOW)).toBeNull();
  });
});
