import type { ParameterRule } from '../strategies/strategy';
import { readNumber, readObject } from './field-readers';
import { InvalidPayload } from './invalid-payload';

/** More values of one parameter than this is a mistake in the step, not a search. */
const MAX_VALUES = 100_000;

/**
 * The values that `{min, max, step}` or `[values]` stands for, each once, in the order given (a range rises).
 * Steps are counted in whole units of the last decimal digit, so that 0.1 + 0.1 + 0.1 is 0.3 and `max` is reached.
 * @throws InvalidPayload for a malformed range and for values that the parameter cannot have
 */
export function readParameterValues(spec: unknown, rule: ParameterRule, path: string): number[] {
  const values = Array.isArray(spec)
    ? spec.map((value, index) => readNumber(value, `${path}[${index}]`))
    : expandRange(spec, path);
  if (values.length === 0) throw new InvalidPayload(path, 'must hold at least one value');
  for (const value of values) {
    if (value < rule.min || value > rule.max || (rule.integer && !Number.isInteger(value))) {
      const sort = rule.integer ? 'whole numbers' : 'numbers';
      throw new InvalidPayload(path, `must hold ${sort} from ${rule.min} to ${rule.max}`);
    }
  }
  return [...new Set(values)];
}

function expandRange(spec: unknown, path: string): number[] {
  const fields = readObject(spec, path);
  const min = readNumber(fields['min'], `${path}.min`);
  const max = readNumber(fields['max'], `${path}.max`);
  const step = readNumber(fields['step'], `${path}.step`);
  if (step <= 0) throw new InvalidPayload(`${path}.step`, 'must be above zero');
  if (max < min) throw new InvalidPayload(`${path}.max`, 'must not be below min');

  const scale = 10 ** Math.max(decimalsOf(min), decimalsOf(max), decimalsOf(step));
  const [first, last, stride] = [min, max, step].map((value) => Math.round(value * scale)) as [
    number,
    number,
    number,
  ];
  if (![scale, first, last, stride].every((value) => Number.isSafeInteger(value))) {
    throw new InvalidPayload(path, 'has more digits than can be stepped through exactly');
  }
  const count = Math.floor((last - first) / stride) + 1;
  if (count > MAX_VALUES) {
    throw new InvalidPayload(path, `stands for ${count} values; at most ${MAX_VALUES} are allowed`);
  }
  // A quotient of two exact integers is rounded once: the very number that the decimal literal would give.
  return Array.from({ length: count }, (_, index) => (first + index * stride) / scale);
}

function decimalsOf(value: number): number {
  const [mantissa = '', exponent = '0'] = String(value).split('e');
  const fraction = mantissa.split('.')[1]?.length ?? 0;
  return Math.max(0, fraction - Number(exponent));
}
