import { ndjsonLines, rowBatches } from './row-batches';

const row = (index: number) => ({ configId: `ü${index}`, config: {}, metrics: { n: index } });
const rows = (count: number) => Array.from({ length: count }, (_, index) => row(index));
const parse = (bodies: Iterable<string>) =>
  [...bodies].map((body) => JSON.parse(body) as { rows: object[]; resultFolder?: string });

describe('rowBatches', () => {
  it('keeps the rows and their order over all bounds', () => {
    const bodies = parse(rowBatches(rows(12_345), 'folder'));
    expect(bodies.map((body) => body.rows.length)).toEqual([5000, 5000, 2345]);
    expect(bodies.flatMap((body) => body.rows)).toEqual(rows(12_345));
    expect(bodies.every((body) => body.resultFolder === 'folder')).toBe(true);
  });

  it('bounds the bytes of a body, not its characters', () => {
    const bodies = [...rowBatches(rows(100), undefined, { maxBytes: 500 })];
    expect(bodies.length).toBeGreaterThan(1);
    expect(bodies.every((body) => Buffer.byteLength(body) <= 500)).toBe(true);
    expect(parse(bodies).flatMap((body) => body.rows)).toEqual(rows(100));
  });

  it('sends a row alone that is larger than the bound', () => {
    const large = { configId: 'l', config: { text: 'x'.repeat(1000) }, metrics: {} };
    const bodies = parse(rowBatches([row(1), large, row(2)], undefined, { maxBytes: 500 }));
    expect(bodies.map((body) => body.rows)).toEqual([[row(1)], [large], [row(2)]]);
  });

  it('makes no call for no rows', () => {
    expect([...rowBatches([])]).toEqual([]);
  });
});

describe('ndjsonLines', () => {
  it('gives one line a row', async () => {
    const lines: string[] = [];
    for await (const line of ndjsonLines(rows(2))) lines.push(line);
    expect(lines.join('')).toBe(
      rows(2)
        .map((one) => `${JSON.stringify(one)}\n`)
        .join(''),
    );
  });
});
