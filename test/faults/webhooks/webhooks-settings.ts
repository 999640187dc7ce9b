import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

/** Which chance, how often, and how much. */
export interface WebhooksSettings {
  readonly seed: number;
  readonly kills: number;
  /** Owed in all, at least. */
  readonly deliveries: number;
}

export const WEBHOOKS_USAGE = `[--kills 20] [--deliveries 1000] [--seed N]
  kill -9 of the gateway at random moments while it sends webhooks to receivers that answer, fail and hang`;

const LARGEST_SEED = 2 ** 31;

/** @throws Error naming the option that cannot be. */
export function readWebhooksSettings(args: readonly string[]): WebhooksSettings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kills: { type: 'string', default: '20' },
      deliveries: { type: 'string', default: '1000' },
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
  return {
    seed: number('seed', 0),
    kills: number('kills', 1),
    deliveries: number('deliveries', 20),
  };
}
