import { type ParameterRule, periodRule } from '../strategies/strategy';
import { readParameterValues } from './parameter-values';

const level: ParameterRule = {
  name: 'level',
  aliases: [],
  integer: false,
  min: 0,
  max: 100,
  defaultValue: null,
};
const read = (spec: unknown, rule = level) =>
  readParameterValues(spec, rule, 'payload.parameters.x');

describe('readParameterValues', () => {
  it('steps without drift and reaches the maximum', () => {
    expect(read({ min: 0, max: 1, step: 0.1 })).toEqual([
      0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1,
    ]);
    expect(read({ min: 1.05, max: 1.4, step: 0.15 })).toEqual([1.05, 1.2, 1.35]);
    expect(read({ min: 0, max: 3e-7, step: 1e-7 })).toEqual([0, 1e-7, 2e-7, 3e-7]);
    const fine = read({ min: 0, max: 100, step: 0.01 });
    expect(fine).toHaveLength(10_001);
    expect(fine.every((value, index) => value === Number((index / 100).toFixed(2)))).toBe(true);
  });

  it('leaves out a maximum that is not on a step', () => {
    expect(read({ min: 5, max: 11, step: 5 }, periodRule('x', null))).toEqual([5, 10]);
    expect(read({ min: 7, max: 7, step: 5 }, periodRule('x', null))).toEqual([7]);
  });

  it('takes listed values in their order, each once', () => {
    expect(read([30, 20, 30, 2.5])).toEqual([30, 20, 2.5]);
  });

  it.each([
    [{ min: 1, max: 5 }, 'payload.parameters.x.step must be a finite number'],
    [{ min: 1, max: 5, step: 0 }, 'payload.parameters.x.step must be above zero'],
    [{ min: 6, max: 5, step: 1 }, 'payload.parameters.x.max must not be below min'],
    [{ min: 0, max: 100, step: 1e-6 }, 'stands for 100000001 values; at most 100000'],
    [{ min: 1e-20, max: 100, step: 1 }, 'more digits than can be stepped through'],
    [[], 'must hold at least one value'],
    [[1, '2'], 'payload.parameters.x[1] must be a finite number'],
    [[101], 'must hold numbers from 0 to 100'],
    [7, 'payload.parameters.x must be an object'],
    [null, 'payload.parameters.x must be an object'],
  ])('refuses %j', (spec, message) => {
    expect(() => read(spec)).toThrow(message);
  });

  it('refuses a fraction of a bar', () => {
    expect(() => read([10, 10.5], periodRule('x', null))).toThrow('must hold whole numbers');
    expect(() => read([0], periodRule('x', null))).toThrow('from 1 to');
  });
});
