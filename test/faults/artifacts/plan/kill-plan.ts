import { chance, chosenNumber } from '../../chance';

/** What happens on the way of bytes, as a caller sees it. */
export const MOMENTS = [
  'upload piece',
  'upload sent',
  'upload answered',
  'input piece',
  'input sent',
  'completion sent',
  'completion answered',
  'pruning sent',
] as const;

export type Moment = (typeof MOMENTS)[number];

/** When the gateway dies: so long after this has happened so many times. */
export interface KillPlan {
  readonly moment: Moment;
  readonly count: number;
  readonly delayMs: number;
}

/** Pieces are many: a body has up to 46 of them. */
const PIECES: readonly [number, number] = [1, 200];
const OTHERS: readonly [number, number] = [1, 10];
/** Half of the kills come at once, when what has just been sent arrives; the others while it is being done. */
const AT_ONCE_SHARE = 0.5;
const LONGEST_DELAY_MS = 60;

/** The `number`th kill, always the same for the same seed. */
export function killPlan(seed: number, number: number): KillPlan {
  const moment = MOMENTS[Math.floor(chance(seed, 'moment', number) * MOMENTS.length)];
  if (moment === undefined) throw new RangeError('There is no such moment');
  const count = chosenNumber(moment.endsWith('piece') ? PIECES : OTHERS, seed, 'count', number);
  const isAtOnce = chance(seed, 'at once', number) < AT_ONCE_SHARE;
  const delayMs = isAtOnce ? 0 : chance(seed, 'delay', number) * LONGEST_DELAY_MS;
  return { moment, count, delayMs };
}
