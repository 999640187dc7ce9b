import { once } from 'node:events';
import type { DemoParts } from '../demo-parts';
import { type House } from './raise-house';
import { submitSearches } from './run-job';

const AN_HOUR_SECONDS = 3600;

/** Leaves everything running, with a second job to look at, until the demo is interrupted. */
export async function stayOpen({ narrator, signal }: DemoParts, house: House): Promise<void> {
  const { gateway, folder } = house;
  narrator.chapter('Yours to look at, until Ctrl-C');
  const job = await submitSearches(house, AN_HOUR_SECONDS);
  narrator.say(`Swagger UI   ${gateway.baseUrl}/docs`);
  narrator.say(`Admin token  ${gateway.adminToken}   (Authorize, then paste)`);
  narrator.say(`Same job     ${gateway.baseUrl}/jobs/${job.id}   (kept for an hour)`);
  narrator.say(`Data         ${folder}   (stays; remove it when you are done)`);
  if (!signal.aborted) await once(signal, 'abort');
}
