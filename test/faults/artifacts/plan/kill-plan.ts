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
/** Most kills come soon, while what has just been sent is being done: half of them within 8 ms. */
const LONGEST_DELAY_MS = 60;

/** The `number`th kill, always the same for the same seed. */
export function killPlan(seed: number, number: number): KillPlan {
  const moment = MOMENTS[Math.floor(chance(seed, 'moment', number) * MOMENTS.length)];
  if (moment === undefined) throw new RangeError('There is no such moment');
  const count = chosenNumber(moment.endsWith('piece') ? PIECES : OTHERS, seed, 'count', number);
  return { moment, count, delayMs: LONGEST_DELAY_MS * chance(seed, 'delay', number) ** 3 };
}
