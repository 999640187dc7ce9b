import { sha256Hex } from '@foreman/kernel';

const HEX_DIGITS = 12;
const VALUES = 16 ** HEX_DIGITS;

/**
 * Uniform in [0, 1), and always the same for the same seed and names: so that what happens to one thing does not
 * depend on the order in which others came.
 */
export function chance(seed: number, ...names: readonly (string | number)[]): number {
  return parseInt(sha256Hex(JSON.stringify([seed, ...names])).slice(0, HEX_DIGITS), 16) / VALUES;
}

/** The same, uniform from `min` to `max`, both included. */
export function chosenNumber(
  [min, max]: readonly [min: number, max: number],
  seed: number,
  ...names: readonly (string | number)[]
): number {
  return min + Math.floor(chance(seed, ...names) * (max - min + 1));
}
