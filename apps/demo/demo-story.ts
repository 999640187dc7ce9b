import type { DemoParts } from './demo-parts';
import { awaitRetention } from './scenes/await-retention';
import { checkWebhook } from './scenes/check-webhook';
import { fetchArtifacts } from './scenes/fetch-artifacts';
import { raiseHouse } from './scenes/raise-house';
import { runJob } from './scenes/run-job';
import { showBestConfigs } from './scenes/show-best-configs';
import { stayOpen } from './scenes/stay-open';

/** The whole path of a job, each step checked. @throws CheckFailed at the first that does not hold */
export async function tellStory(parts: DemoParts): Promise<void> {
  const { narrator, clock, options } = parts;
  const startedAt = clock.monotonicMs();
  narrator.title('Foreman: twenty years of the S&P 500, eight searches, two machines');
  const house = await raiseHouse(parts);
  const jobId = await runJob(parts, house);
  const { event } = await checkWebhook(parts, house, jobId);
  const best = await showBestConfigs(parts, house, event);
  await fetchArtifacts(parts, house, event, best.taskIndex);
  await awaitRetention(parts, house, event);
  const seconds = ((clock.monotonicMs() - startedAt) / 1000).toFixed(1);
  narrator.title(`\nAll ${narrator.checksPassed} checks passed in ${seconds} s.`);
  if (options.keep) await stayOpen(parts, house);
}
