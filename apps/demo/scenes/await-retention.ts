import type { ArtifactObject, JobEvent } from '@foreman/client';
import { type DemoParts, pause } from '../demo-parts';
import type { House } from './raise-house';
import { TTL_SECONDS } from './run-job';

/** Retention runs every second here; beside others it may be late. */
const GONE_WITHIN_MS = 20_000;
const ASK_EVERY_MS = 250;

/** Lets the job's TTL pass, and checks that nothing can be had of it any more. */
export async function awaitRetention(
  parts: DemoParts,
  house: House,
  { data: { job, artifacts } }: JobEvent,
): Promise<void> {
  const { narrator, clock } = parts;
  narrator.chapter('Retention');
  const leftMs = Math.max(0, Date.parse(job.expiresAt ?? '') - clock.now());
  narrator.say(
    `The job was asked to be kept for ${TTL_SECONDS} s after it finished: ${Math.ceil(leftMs / 1000)} s are left.`,
  );
  await pause(parts, leftMs);
  const deadline = clock.monotonicMs() + GONE_WITHIN_MS;
  const jobUrl = `${house.gateway.baseUrl}/jobs/${job.id}`;
  let status = await statusOf(parts, house, jobUrl);
  while (status !== 404 && clock.monotonicMs() < deadline) {
    await pause(parts, ASK_EVERY_MS);
    status = await statusOf(parts, house, jobUrl);
  }
  narrator.check('the job is gone: 404', status === 404, status);
  const remaining = await fetchable(parts, house, artifacts);
  narrator.check(
    'its artifacts are gone: 404 for every URL of the webhook',
    remaining.length === 0,
    remaining.join(', '),
  );
}

async function fetchable(
  parts: DemoParts,
  house: House,
  artifacts: readonly ArtifactObject[],
): Promise<string[]> {
  const found: string[] = [];
  for (const { name, url } of artifacts) {
    if (url !== null && (await statusOf(parts, house, url)) !== 404) found.push(name);
  }
  return found;
}

async function statusOf({ signal }: DemoParts, { apiKey }: House, url: string): Promise<number> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${apiKey}` }, signal });
  await response.arrayBuffer();
  return response.status;
}
