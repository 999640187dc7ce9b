import { killRun } from '../kill-run';
import { WEBHOOKS_USAGE, readWebhooksSettings } from './webhooks-settings';
import { reportRun } from './report-run';
import { runThrough } from './run-through';

/** A gateway that is killed again and again while it sends webhooks. */
export const webhooksRun = killRun({
  usage: WEBHOOKS_USAGE,
  read: readWebhooksSettings,
  runThrough,
  report: reportRun,
  toldEvery: 5,
});
