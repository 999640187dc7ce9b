import { DomainError } from '@foreman/kernel';
import { rowFilter } from './filter-text';
import { rowFields } from './row-fields';
import { rowOrder } from './row-order';

describe('conditions on rows', () => {
  it.each([
    ['metrics.trades>=30', 'trades', '>=', 30],
    [' metrics.trades  >= 30 ', 'trades', '>=', 30],
    ['metrics.a.b<-1.5e3', 'a.b', '<', -1500],
    ['metrics.x<=0', 'x', '<=', 0],
    ['metrics.won=true', 'won', '=', 1],
    ['metrics.won!=false', 'won', '!=', 0],
    ['metrics.x=null', 'x', '=', null],
    ['metrics.x != null', 'x', '!=', null],
    ['metrics."max loss, >= \\"x\\""<1', 'max loss, >= "x"', '<', 1],
    ["metrics.';DROP>1", "';DROP", '>', 1],
    ['metrics.é💥=1', 'é💥', '=', 1],
  ] as const)('reads %j', (text, metric, comparison, value) => {
    expect(rowFilter([text])).toEqual({
      metrics: [{ metric, comparison, value }],
      configIds: [],
      taskIndexes: [],
    });
  });

  it('reads ids verbatim or as JSON strings, and task indexes', () => {
    const where = ['configId=fast=10;slow<50 ', 'configId = " a\\n"', 'taskIndex = 7'];
    expect(rowFilter(where)).toEqual({
      metrics: [],
      configIds: ['fast=10;slow<50', ' a\n'],
      taskIndexes: [7],
    });
  });

  it.each([
    ['', 1],
    ['sharpe>1', 1],
    ['metrics.', 9],
    ['metrics.>1', 9],
    ['metrics.""=1', 9],
    ['metrics."x=1', 9],
    ['metrics.x', 10],
    ['metrics.x y>1', 10],
    ['metrics.x=>1', 11],
    ['metrics.x==1', 11],
    ['metrics.x > ', 13],
    ['metrics.x>1 or 1=1', 11],
    ['metrics.x>01', 11],
    ['metrics.x>1e400', 11],
    ['metrics.x>NaN', 11],
    ['metrics.x>TRUE', 11],
    ['metrics.x>null', 11],
    ['metrics.x<=null', 12],
    ['metrics.x="1"', 11],
    ['configId', 9],
    ['configId!=x', 9],
    ['configId=', 10],
    ['taskIndex=-1', 11],
    ['taskIndex>1', 10],
    ['taskIndex=1.5', 11],
    [`metrics.${'x'.repeat(201)}>1`, 9],
  ])('refuses %j at character %d', (text, character) => {
    const path = 'where[1]';
    const message = expect.stringMatching(new RegExp(`^at character ${character}: expected `));
    expect(refusal(() => rowFilter(['metrics.x>1', text]))).toMatchObject({
      code: 'request.invalid',
      details: { errors: [{ path, message }] },
    });
  });

  it('takes twenty of them, and no more', () => {
    const some = (count: number) => Array.from({ length: count }, () => 'metrics.x>1');
    expect(rowFilter(some(20)).metrics).toHaveLength(20);
    expect(refusal(() => rowFilter(some(21)))).toMatchObject({ code: 'request.invalid' });
  });
});

describe('fields of rows', () => {
  it('are read with their names', () => {
    expect(rowFields(null)).toBeNull();
    expect(
      rowFields('configId,metrics.sharpe, config."a, b",metrics,metrics.a b,configId'),
    ).toEqual([
      { part: 'configId', name: null },
      { part: 'metrics', name: 'sharpe' },
      { part: 'config', name: 'a, b' },
      { part: 'metrics', name: null },
      { part: 'metrics', name: 'a b' },
    ]);
  });

  it.each([
    ['', 1],
    ['sharpe', 1],
    ['configId,', 10],
    ['configId.x', 9],
    ['metrics.', 9],
    ['metrics."x', 9],
    ['metrics."x"y', 12],
    ['config,,metrics', 8],
    ['configIds', 9],
  ])('refuse %j at character %d', (text, character) => {
    expect(refusal(() => rowFields(text)).message).toContain(`at character ${character}:`);
  });

  it('are two hundred at most', () => {
    const fields = Array.from({ length: 201 }, (_, index) => `metrics.m${index}`);
    expect(rowFields(fields.slice(1).join(','))).toHaveLength(200);
    expect(refusal(() => rowFields(fields.join(',')))).toMatchObject({ code: 'request.invalid' });
  });
});

it('a metric to sort by may be written as a JSON string', () => {
  expect(rowOrder('metrics."a\\nb"', 'asc')).toEqual({ metric: 'a\nb', direction: 'asc' });
  expect(rowOrder('metrics.a"b', 'asc')).toEqual({ metric: 'a"b', direction: 'asc' });
});

function refusal(read: () => unknown): DomainError {
  try {
    read();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('It was not refused');
}
