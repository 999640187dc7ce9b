import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from '@swc/core';
import { readHttpDate, readTime } from './read-time';

/** Whatever zone this runs in: `Date.UTC` has none. */
const at = (...parts: [number, number, number?, number?, number?, number?, number?]) =>
  Date.UTC(...parts);

describe('reading a time', () => {
  it.each<[string, number]>([
    ['2027-01-15', at(2027, 0, 15)],
    ['2027-01-15T10:00:00', at(2027, 0, 15, 10)],
    ['2027-01-15T10:00', at(2027, 0, 15, 10)],
    ['2027-01-15 10:00:00', at(2027, 0, 15, 10)],
    ['2027-01-15t10:00:00z', at(2027, 0, 15, 10)],
    ['2027-01-15T10:00:00Z', at(2027, 0, 15, 10)],
    ['2027-01-15T10:00:00.5', at(2027, 0, 15, 10, 0, 0, 500)],
    ['2027-01-15T10:00:00,25Z', at(2027, 0, 15, 10, 0, 0, 250)],
    ['2027-01-15T10:00:00.123456', at(2027, 0, 15, 10, 0, 0, 123)],
    ['2027-01-15T10:00:00.99999999999999999999Z', at(2027, 0, 15, 10, 0, 0, 999)],
    ['2027-01-15T10:00:00+02:00', at(2027, 0, 15, 8)],
    ['2027-01-15T10:00:00-0530', at(2027, 0, 15, 15, 30)],
    ['2027-01-15T10:00:00+05', at(2027, 0, 15, 5)],
    ['2027-01-15T00:30:00+01:00', at(2027, 0, 14, 23, 30)],
    ['2027-07-15T10:00:00', at(2027, 6, 15, 10)],
    ['2027-03-14T02:30:00', at(2027, 2, 14, 2, 30)],
    ['2024-02-29', at(2024, 1, 29)],
    ['1969-12-31T23:59:59.999Z', -1],
    ['0099-01-01', new Date(0).setUTCFullYear(99, 0, 1)],
    ['2027-01-15T24:00:00', at(2027, 0, 16)],
    ['2026-12-31T24:00', at(2027, 0, 1)],
    ['2016-12-31T23:59:60Z', at(2017, 0, 1)],
    ['2016-12-31T15:59:60.5-08:00', at(2017, 0, 1, 0, 0, 0, 500)],
  ])('%s', (text, ms) => {
    expect(readTime(text)).toBe(ms);
  });

  it.each([
    '',
    'soon',
    '1735689600000',
    '2024-02-30',
    '2023-02-29',
    '2100-02-29',
    '2027-04-31T10:00:00Z',
    '2027-00-15',
    '2027-13-15',
    '2027-01-00',
    '2027-01-15T25:00:00Z',
    '2027-01-15T24:00:01Z',
    '2027-01-15T24:00:00.001Z',
    '2027-01-15T24:01Z',
    '2027-01-15T10:60:00Z',
    '2027-01-15T10:00:61Z',
    '2027-01-15T23:59:60Z',
    '2016-12-31T23:58:60Z',
    '2016-12-31T23:59:60+01:00',
    '2027-01-15T10:00:00+24:00',
    '2027-01-15T10:00:00+02:60',
    '2027-01-15T10:00:00 02:00',
    '2027-01-15T10Z',
    '2027-01-15T10:00:00.Z',
    '2027-01-15Z',
    '2027-1-5',
    '20270115T100000Z',
    '2027-W10-1',
    '2027-015',
    '+002027-01-15',
    ' 2027-01-15',
    '2027-01-15\n',
    'Fri, 15 Jan 2027 10:00:00 GMT',
  ])('%j is none', (text) => {
    expect(readTime(text)).toBeNull();
  });

  it('means the same on a machine in New York, where the built-in reading does not', () => {
    const source = readFileSync(join(__dirname, 'read-time.ts'), 'utf8');
    const { code } = transformSync(source, {
      module: { type: 'commonjs' },
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    });
    const texts = ['2027-01-15T10:00:00', '2027-01-15', '2027-07-15T10:00', '2027-03-14T02:30:00'];
    const program = `${code}
      const texts = ${JSON.stringify(texts)};
      console.log(JSON.stringify([texts.map((text) => exports.readTime(text)), Date.parse(texts[0])]));`;
    const env = { TZ: 'America/New_York' };
    const output = execFileSync(process.execPath, ['-e', program], { env, encoding: 'utf8' });
    expect(JSON.parse(output)).toEqual([
      [at(2027, 0, 15, 10), at(2027, 0, 15), at(2027, 6, 15, 10), at(2027, 2, 14, 2, 30)],
      at(2027, 0, 15, 15),
    ]);
  });

  it.each<[string, number | null]>([
    ['Thu, 01 Jan 2026 00:05:00 GMT', at(2026, 0, 1, 0, 5)],
    ['Sat, 31 Feb 2026 00:05:00 GMT', null],
    ['Thu, 01 Jab 2026 00:05:00 GMT', null],
    ['Thu, 01 Jan 2026 00:05:00', null],
    ['Thu Jan  1 00:05:00 2026', null],
    ['2026-01-01T00:05:00Z', null],
    ['', null],
  ])('the HTTP date %j', (text, ms) => {
    expect(readHttpDate(text)).toBe(ms);
  });
});
