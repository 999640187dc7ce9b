import { nonJsonNumber } from './non-json-number';

describe('a number that JSON does not have', () => {
  it.each([
    ['{"configId":"a","config":{},"metrics":{"sharpe":NaN}}', 'metrics.sharpe', 'NaN'],
    ['{"metrics": {"a": 1, "b": -Infinity}}', 'metrics.b', '-Infinity'],
    ['{"config":{"x":[1,{"y":"NaN, "},Infinity]}}', 'config.x.2', 'Infinity'],
    ['{"rows":[{"metrics":{}},{"metrics":{"a \\" b":nan}}]}', 'rows.1.metrics.a \\" b', 'nan'],
    ['{"a":{"b":1},"c":inf}', 'c', 'inf'],
  ])('is found in %s', (text, path, token) => {
    expect(nonJsonNumber(text)).toEqual({ path, message: `is ${token}, which JSON does not have` });
  });

  it.each(['{"a":"NaN"}', '{"a":undefined}', '{"NaN":1', 'x', '', '"\\"NaN'])(
    'is not found in %s',
    (text) => {
      expect(nonJsonNumber(text)).toBeNull();
    },
  );

  it('is looked for in one go, also where a string has no end', () => {
    const text = `"${'\\"'.repeat(500_000)}`;
    expect(nonJsonNumber(text)).toBeNull();
  });
});
