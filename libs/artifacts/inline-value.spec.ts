import * as fc from 'fast-check';
import { exactJsonValue } from './exact-json';
import { inlineValue, mayBeInline } from './inline-value';

const JSON_TYPE = 'application/json';

function inlined(text: string, contentType = JSON_TYPE): unknown {
  return inlineValue(contentType, Buffer.from(text));
}

describe('what an artifact is inlined as', () => {
  it.each([
    ['{"a":1,"b":[true,null,"x"]}', { a: 1, b: [true, null, 'x'] }],
    [' [ 1 , 2 ] ', [1, 2]],
    ['0', 0],
    ['false', false],
    ['""', ''],
    ['0.1', 0.1],
    ['1.0', 1],
    ['1.50e1', 15],
    ['-12.5', -12.5],
    ['1E3', 1000],
    ['0e9', 0],
    ['5e-324', 5e-324],
    ['0.30000000000000004', 0.30000000000000004],
    ['9007199254740991', 9007199254740991],
    ['1e21', 1e21],
    ['{"a":{"k":1},"b":{"k":1}}', { a: { k: 1 }, b: { k: 1 } }],
    ['"\\ud83d\\ude00"', '😀'],
    ['{"a:b":"{\\"a\\":1}"}', { 'a:b': '{"a":1}' }],
    ['"-0 1e400"', '-0 1e400'],
  ])('%s by value', (text, value) => {
    expect(inlined(text)).toEqual(value);
  });

  it.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['a byte order mark', '\uFEFF{}'],
    ['null, which would say that nothing is inlined', 'null'],
    ['a duplicate key', '{"a":1,"a":2}'],
    ['a duplicate key written in two ways', '{"a":1,"\\u0061":2}'],
    ['a duplicate key deep inside', '[{"x":[{"a":1,"b":2,"a":1}]}]'],
    ['a duplicate __proto__', '{"__proto__":1,"__proto__":2}'],
    ['a number beyond doubles', '1e400'],
    ['a number that becomes zero', '1e-400'],
    ['an integer that doubles round', '9007199254740993'],
    ['more digits than doubles hold', '0.1000000000000000055511151231257827'],
    ['negative zero', '-0'],
    ['negative zero with a fraction', '[-0.0e5]'],
    ['half a surrogate pair', '"\\ud800"'],
    ['half a surrogate pair in a key', '{"\\udc00":1}'],
    ['bottomless nesting', '['.repeat(201) + ']'.repeat(201)],
  ])('by URL: %s', (_what, text) => {
    expect(inlined(text)).toBeNull();
  });

  it('text as a string, byte order mark and all', () => {
    expect(inlined('\uFEFFa,b\r\n1,2\0', 'text/csv')).toBe('\uFEFFa,b\r\n1,2\0');
    expect(inlined('x', 'text/plain; charset="UTF-8"')).toBe('x');
  });

  it('what is not UTF-8 by URL', () => {
    for (const contentType of ['text/plain', JSON_TYPE]) {
      expect(inlineValue(contentType, Buffer.from([0x22, 0xff, 0x22]))).toBeNull();
    }
    expect(inlined('x', 'text/plain; charset=iso-8859-1')).toBeNull();
  });

  it('only JSON and text, and only within the limit', () => {
    for (const type of [
      'application/json',
      'APPLICATION/JSON; a=b',
      'application/ld+json',
      'text/x',
    ]) {
      expect([99, 100, 101].map((size) => mayBeInline(type, size, 100))).toEqual([
        true,
        true,
        false,
      ]);
    }
    for (const type of [
      'image/png',
      'application/octet-stream',
      'application/jsonx',
      'context/x',
    ]) {
      expect(mayBeInline(type, 1, 100)).toBe(false);
    }
  });

  it('any value that JSON.stringify wrote comes back as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = JSON.stringify(value);
        const keeps = !/-0(?![.\d])|\\ud[89a-f]/i.test(text);
        const found = exactJsonValue(text);
        if (keeps) expect(found).toBeDefined();
        if (found !== undefined) expect(JSON.stringify(found.value)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('a number is kept exactly when its decimal is', () => {
    const literal = fc
      .tuple(fc.bigInt(0n, 10n ** 25n), fc.integer({ min: -30, max: 30 }))
      .map(([digits, exponent]) => ({ digits, exponent, text: `${digits}e${exponent}` }));
    fc.assert(
      fc.property(literal, ({ digits, exponent, text }) => {
        const kept = exactJsonValue(text) !== undefined;
        expect(kept).toBe(sameDecimal(digits, exponent, String(Number(text))));
      }),
      { numRuns: 1000 },
    );
  });
});

/** By whole-number arithmetic: digits * 10^exponent against what a double prints. */
function sameDecimal(digits: bigint, exponent: number, printed: string): boolean {
  const [mantissa = '', power = '0'] = printed.split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const scale = 400n;
  const left = digits * 10n ** (scale + BigInt(exponent));
  const right = BigInt(whole + fraction) * 10n ** (scale + BigInt(power) - BigInt(fraction.length));
  return left === right;
}
