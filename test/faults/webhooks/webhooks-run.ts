import { makeDataFolder } from '../../e2e/harness/data-folder';
import type { FaultRun } from '../fault-run';
import { reportRun } from './report-run';
import { runThrough } from './run-through';
import { WEBHOOKS_USAGE, readWebhooksSettings } from './webhooks-settings';

const TOLD_EVERY = 5;
const SHOWN_AT_MOST = 40;

/** A gateway that is killed again and again while it sends webhooks. */
export const webhooksRun: FaultRun = {
  usage: WEBHOOKS_USAGE,
  async start(args) {
    const settings = readWebhooksSettings(args);
    say(`seed ${settings.seed}`);
    const folder = await makeDataFolder();
    let isWell = false;
    try {
      const record = await runThrough(settings, folder.path, (_kill, number) => {
        if ((number + 1) % TOLD_EVERY === 0) say(`${number + 1} kills`);
      });
      const { findings } = record;
      say(reportRun(record));
      isWell = findings.length === 0;
      say(isWell ? 'all is well' : `NOT WELL\n${findings.slice(0, SHOWN_AT_MOST).join('\n')}`);
    } finally {
      if (isWell) await folder.remove();
      else say(`the gateway's data is left in ${folder.path}`);
    }
    return isWell;
  },
};

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
