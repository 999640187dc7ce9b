import { chance } from '../../chance';

/** What a receiver does once it has read a post. `never`: it keeps the connection, and says nothing. */
export const ANSWERS = ['ok', 'late', 'error', 'break', 'never'] as const;

export type AnswerPlan = (typeof ANSWERS)[number];

/** Of a hundred. `never` holds a host up for a whole timeout each time. */
const SHARES: readonly (readonly [AnswerPlan, number])[] = [
  ['late', 14],
  ['error', 14],
  ['break', 8],
  ['never', 1],
];
/** From this arrival on an event is always taken: so that every delivery comes to its end. */
const TAKEN_FROM = 3;
/** How late a late answer may be. */
const LATEST_MS = 1500;

/** For the `arrival`th time (0, 1, ...) that an event comes to an endpoint; always the same for the same seed. */
export function answerPlan(seed: number, event: string, arrival: number): AnswerPlan {
  if (arrival >= TAKEN_FROM) return 'ok';
  let left = chance(seed, 'answer', event, arrival) * 100;
  for (const [answer, share] of SHARES) {
    if (left < share) return answer;
    left -= share;
  }
  return 'ok';
}

export function latenessMs(seed: number, event: string, arrival: number): number {
  return LATEST_MS * chance(seed, 'late', event, arrival);
}
