import * as fc from 'fast-check';
import { checkRow, MAX_ROW_BYTES, type CheckedRow } from '../result-row';
import { RowReader } from './row-reader';

const ascii = (text: string) => Buffer.byteLength(text) === text.length;

/** A row that is all of the text; null when it is left to the slow way. */
function fast(text: string, reader = new RowReader()): CheckedRow | null {
  const row = reader.read(text, 0, ascii(text));
  return row !== null && reader.end === text.length ? row : null;
}

interface Meaning {
  readonly configId: string;
  readonly config: unknown;
  readonly metrics: unknown;
}

/** What JSON.parse and the checks of a value make of it; null: refused. -0 and 0 differ. */
function slow(text: string): Meaning | null {
  try {
    const value = JSON.parse(text) as { config: unknown; metrics: unknown };
    const row = checkRow(value);
    if (!('bytes' in row)) return null;
    const { config, metrics } = value;
    return { configId: row.configId, config, metrics };
  } catch {
    return null;
  }
}

/** What a row says, whichever way it is written. */
const meaning = (row: CheckedRow | null): Meaning | null =>
  row && {
    configId: row.configId,
    config: JSON.parse(row.config) as unknown,
    metrics: JSON.parse(row.metrics) as unknown,
  };

const key = fc.oneof(
  fc.constantFrom('a', 'b', 'sharpe', 'trades', '1', '0', '', 'configId', '__proto__', 'é', '"\\'),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const metric = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(-0, 5e-324, 1.7976931348623157e308, 0.1, 2 ** 53),
  fc.boolean(),
  fc.constant(null),
);
const goodRow = fc.record({
  configId: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
  config: fc.dictionary(key, fc.jsonValue({ maxDepth: 4 }), { maxKeys: 25 }),
  metrics: fc.dictionary(key, metric, { maxKeys: 25 }),
});
/** The same values, written by other writers. */
const written = fc
  .tuple(goodRow, fc.constantFrom(undefined, 1, '\t'), fc.boolean(), fc.boolean())
  .map(([row, indent, isReversed, hasMore]) => {
    const fields: [string, unknown][] = Object.entries(row);
    if (hasMore) fields.push(['more', [row.config, null]]);
    if (isReversed) fields.reverse();
    return JSON.stringify(Object.fromEntries(fields), null, indent);
  });
/** JSON numbers, and what nearly is one. */
const numberText = fc.stringMatching(/^-?(0|[1-9]\d{0,19})(\.\d{1,22})?([eE][+-]?\d{1,3})?$/);
const nearlyNumber = fc.stringMatching(/^[-+.0-9eE]{1,12}$/);

interface Change {
  readonly at: number;
  readonly kind: 'cut' | 'swap' | 'insert' | 'drop';
  readonly piece: string;
}
const change = fc.record<Change>({
  at: fc.nat(),
  kind: fc.constantFrom('cut', 'swap', 'insert', 'drop'),
  piece: fc.oneof(
    fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', ' ', '\n', '\u0000', '-', '.', '0'),
    fc.constantFrom('NaN', '-Infinity', '1e999', 'null', '"a":1,', '\\u00', '\ud800', '\\ud800'),
    fc.string({ unit: 'binary', maxLength: 3 }),
  ),
});

function changed(text: string, { at, kind, piece }: Change): string {
  const index = at % (text.length + 1);
  switch (kind) {
    case 'cut':
      return text.slice(0, index);
    case 'swap':
      return `${text.slice(0, index)}${text[index + 1] ?? ''}${text[index] ?? ''}${text.slice(index + 2)}`;
    case 'insert':
      return text.slice(0, index) + piece + text.slice(index);
    case 'drop':
      return text.slice(0, index) + text.slice(index + 1);
  }
}

function expectAgreement(text: string, reader = new RowReader()): void {
  const row = fast(text, reader);
  if (row === null) return;
  expect(meaning(row)).toEqual(slow(text));
  // Line feeds and the like inside of a stored text would break the lines of an export.
  expect(row.config + row.metrics).not.toMatch(/[\r\n\t]/);
}

describe('reading a row in one go', () => {
  it('takes ordinary rows, and says the same of them as the slow way, bytes too', () => {
    fc.assert(
      fc.property(fc.array(written, { minLength: 1, maxLength: 4 }), (texts) => {
        const reader = new RowReader();
        for (const text of texts) {
          const row = fast(text, reader);
          expect(meaning(row)).toEqual(slow(text));
          expect(row?.bytes).toBe(
            Buffer.byteLength(
              `{"configId":${JSON.stringify(row?.configId)},"config":${row?.config},"metrics":${row?.metrics}}`,
            ),
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  it('takes nothing that the slow way refuses, and differs in nothing, however a row was damaged', () => {
    const reader = new RowReader();
    fc.assert(
      fc.property(written, fc.array(change, { minLength: 1, maxLength: 3 }), (text, changes) => {
        // One reader for all: what it remembers of other rows must not matter.
        expectAgreement(changes.reduce(changed, text), reader);
      }),
      { numRuns: 5000 },
    );
  });

  it('reads a number as JSON.parse does, and keeps its text', () => {
    fc.assert(
      fc.property(fc.oneof(numberText, nearlyNumber), (number) => {
        const text = `{"configId":"a","config":{"n":${number}},"metrics":{"n":${number}}}`;
        expectAgreement(text);
        const row = fast(text);
        expect(row === null).toBe(slow(text) === null);
        if (row !== null) expect(row.metrics).toBe(`{"n":${number}}`);
      }),
      { numRuns: 3000 },
    );
  });

  it.each(['9007199254740993', '0.1000000000000000055', '18446744073709551615', '1.0', '1E5'])(
    'keeps %s as it was sent',
    (number) => {
      const text = `{ "configId": "a", "config": {"seed": ${number}}, "metrics": {"m": ${number}} }`;
      expect(fast(text)).toMatchObject({
        config: `{"seed":${number}}`,
        metrics: `{"m":${number}}`,
      });
    },
  );

  it.each([
    ['a key of metrics twice', '{"configId":"a","config":{},"metrics":{"m":1,"m":2}}'],
    ['a key written in two ways', '{"configId":"a","config":{},"metrics":{"m":1,"\\u006d":2}}'],
    ['a key of config twice', '{"configId":"a","config":{"x":[{"y":1,"y":2}]},"metrics":{}}'],
    ['a field twice', '{"configId":"a","config":{},"metrics":{},"config":{"a":1}}'],
    ['a number in config that is too large', '{"configId":"a","config":{"x":1e999},"metrics":{}}'],
    ['half a surrogate pair', '{"configId":"\\ud800","config":{},"metrics":{}}'],
    ['too long an id', `{"configId":"${'x'.repeat(201)}","config":{},"metrics":{}}`],
    [
      'too many bytes',
      `{"configId":"a","config":{"x":"${'x'.repeat(MAX_ROW_BYTES)}"},"metrics":{}}`,
    ],
    ['depth', `{"configId":"a","config":{"x":${'['.repeat(100)}${']'.repeat(100)}},"metrics":{}}`],
    ['a missing field', '{"configId":"a","config":{}}'],
  ])('leaves %s to the slow way', (_what, text) => {
    expect(new RowReader().read(text, 0, true)).toBeNull();
  });

  it('finds keys that repeat among many', () => {
    const many = Array.from({ length: 40 }, (_, index) => `"k${index}":${index}`);
    const text = (metrics: string[]) =>
      `{"configId":"a","config":{},"metrics":{${metrics.join(',')}}}`;
    const reader = new RowReader();
    expect(fast(text(many), reader)).not.toBeNull();
    expect(fast(text([...many, '"k3":1']), reader)).toBeNull();
    expect(fast(text([...many.slice(0, 5), '"k3":1']), reader)).toBeNull();
    expect(fast(text(many.toReversed()), reader)).not.toBeNull();
  });
});
