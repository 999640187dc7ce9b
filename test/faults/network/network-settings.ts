import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

/** How bad, how much, and which chance. */
export interface NetworkSettings {
  readonly seed: number;
  readonly agentCount: number;
  readonly taskCount: number;
  /** Of the exchanges that a fault happens to. */
  readonly share: number;
  readonly duplicateLateSeconds: number;
  /** The run gives up on tasks that are not done by then. */
  readonly limitMinutes: number;
}

export const NETWORK_USAGE = `[--agents 64] [--tasks 2000] [--share 0.1] [--late-seconds 30] [--limit-minutes 20] [--seed N]
  agents do tasks through a TCP proxy that drops, cuts, delays and duplicates that share of all exchanges`;

const LARGEST_SEED = 2 ** 31;

/** @throws Error naming the option that cannot be. */
export function readNetworkSettings(args: readonly string[]): NetworkSettings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      agents: { type: 'string', default: '64' },
      tasks: { type: 'string', default: '2000' },
      share: { type: 'string', default: '0.1' },
      'late-seconds': { type: 'string', default: '30' },
      'limit-minutes': { type: 'string', default: '20' },
      seed: { type: 'string', default: String(randomInt(LARGEST_SEED)) },
    },
  });
  const number = (name: keyof typeof values, min: number): number => {
    const value = Number(values[name]);
    if (!(value >= min)) throw new Error(`--${name} must be a number of at least ${min}`);
    return value;
  };
  return {
    seed: number('seed', 0),
    agentCount: number('agents', 1),
    taskCount: number('tasks', 1),
    share: number('share', 0.001),
    duplicateLateSeconds: number('late-seconds', 0),
    limitMinutes: number('limit-minutes', 0.1),
  };
}
