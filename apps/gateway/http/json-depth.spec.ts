import { isNestedDeeperThan } from './json-depth';

describe('the depth of a JSON text', () => {
  it.each([
    ['[[1],[2],[3]]', 2],
    ['{"a":[{"b":1}],"c":{}}', 3],
    ['["[[[[", "\\"[[[", "\\\\", []]', 2],
    ['1', 0],
  ])('%s is %d', (text, depth) => {
    expect(isNestedDeeperThan(depth, Buffer.from(text))).toBe(false);
    if (depth > 0) expect(isNestedDeeperThan(depth - 1, Buffer.from(text))).toBe(true);
  });
});
