import { WebhookVerificationError } from 'standardwebhooks';
import { type DemoParts, inTime } from '../demo-parts';
import { SEARCHES } from '../job/strategy-job';
import type { ReceivedWebhook, WebhookInbox } from '../service/webhook-inbox';
import type { House } from './raise-house';

/** The first try goes out at once; one that was lost on the way is repeated after five seconds. */
const DELIVERED_WITHIN_MS = 15_000;

/** Waits for the job's done-webhook and checks what it says. */
export async function checkWebhook(
  parts: DemoParts,
  { research }: House,
  jobId: string,
): Promise<ReceivedWebhook> {
  const { narrator } = parts;
  narrator.chapter('The signed webhook');
  const finished = research.service.finished(jobId);
  const webhook = await inTime(parts, finished, DELIVERED_WITHIN_MS, 'The webhook');
  const { job, artifacts } = webhook.event.data;
  narrator.check(
    `webhook ${webhook.id} says ${webhook.event.type}`,
    webhook.event.type === 'job.completed' && job.id === jobId,
  );
  narrator.check(
    'standardwebhooks verifies its signature',
    isGenuine(research.inbox, webhook, webhook.rawBody),
  );
  narrator.check(
    'with one byte changed it is refused',
    !isGenuine(research.inbox, webhook, oneByteChanged(webhook.rawBody)),
  );
  narrator.check(
    `it tells of ${job.taskCounts.completed} completed tasks`,
    job.taskCounts.completed === SEARCHES.length,
  );
  const inline = artifacts.filter(({ url }) => url === null);
  narrator.check(
    `it carries ${artifacts.length} artifacts: ${inline.length} inline, ${artifacts.length - inline.length} by URL, each with its sha256`,
    artifacts[0]?.name === 'completion' &&
      artifacts.every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256)) &&
      inline.length > 0 &&
      inline.length < artifacts.length,
  );
  return webhook;
}

function isGenuine(inbox: WebhookInbox, { headers }: ReceivedWebhook, body: Buffer): boolean {
  try {
    inbox.verify(body, headers);
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}

function oneByteChanged(body: Buffer): Buffer {
  const changed = Buffer.from(body);
  const middle = Math.floor(changed.length / 2);
  changed[middle] = (changed[middle] ?? 0) ^ 1;
  return changed;
}
