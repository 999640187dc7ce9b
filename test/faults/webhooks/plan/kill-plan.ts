import { chance, chosenNumber } from '../../chance';
import type { WebhooksSettings } from '../webhooks-settings';

/** What happens on the way of an event, as those around the gateway see it. */
export const MOMENTS = ['call sent', 'post arrived', 'post answered'] as const;

export type Moment = (typeof MOMENTS)[number];

/** When the gateway dies: so long after this has happened so many times. */
export interface KillPlan {
  readonly moment: Moment;
  readonly count: number;
  readonly delayMs: number;
}

/** Most kills come soon, while what has just come is being written: half of them within 8 ms. */
const LONGEST_DELAY_MS = 60;

/** The `number`th kill, always the same for the same seed. All of them fit into the run: about half of it is between them. */
export function killPlan({ seed, kills, deliveries }: WebhooksSettings, number: number): KillPlan {
  const moment = MOMENTS[Math.floor(chance(seed, 'moment', number) * MOMENTS.length)];
  if (moment === undefined) throw new RangeError('There is no such moment');
  const most = Math.max(2, Math.round((deliveries / kills) * (moment === 'call sent' ? 0.5 : 1)));
  const count = chosenNumber([1, most], seed, 'count', number);
  return { moment, count, delayMs: LONGEST_DELAY_MS * chance(seed, 'delay', number) ** 3 };
}
