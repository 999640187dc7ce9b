import { textTable } from './text-table';

describe('textTable', () => {
  it('gives every column the width of its longest cell, numbers at the right', () => {
    const columns = [
      { title: 'strategy', align: 'left' },
      { title: 'CAGR', align: 'right' },
    ] as const;
    expect(
      textTable(columns, [
        ['sma-crossover', '5.2%'],
        ['rsi', '12.25%'],
      ]),
    ).toEqual([
      'strategy         CAGR',
      '─────────────────────',
      'sma-crossover    5.2%',
      'rsi            12.25%',
    ]);
  });
});
