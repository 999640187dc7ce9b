import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

/** Which chance, how often, and how much at a time. */
export interface ArtifactsSettings {
  readonly seed: number;
  readonly kills: number;
  /** Jobs that are on their way at a time. */
  readonly workers: number;
}

export const ARTIFACTS_USAGE = `[--kills 50] [--workers 4] [--seed N]
  kill -9 of the gateway at random moments of uploads, completions, inputs and pruning`;

const LARGEST_SEED = 2 ** 31;

/** @throws Error naming the option that cannot be. */
export function readArtifactsSettings(args: readonly string[]): ArtifactsSettings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kills: { type: 'string', default: '50' },
      workers: { type: 'string', default: '4' },
      seed: { type: 'string', default: String(randomInt(LARGEST_SEED)) },
    },
  });
  const number = (name: keyof typeof values, min: number): number => {
    const value = Number(values[name]);
    if (!Number.isSafeInteger(value) || value < min) {
      throw new Error(`--${name} must be a whole number of at least ${min}`);
    }
    return value;
  };
  return { seed: number('seed', 0), kills: number('kills', 1), workers: number('workers', 1) };
}
