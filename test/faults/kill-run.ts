import { makeDataFolder } from '../e2e/harness/data-folder';
import type { FaultRun } from './fault-run';

const SHOWN_AT_MOST = 40;

/** What is particular to one run that kills a gateway again and again. */
export interface KillRun<Settings extends { readonly seed: number }, Record extends Judged> {
  readonly usage: string;
  readonly read: (args: readonly string[]) => Settings;
  readonly runThrough: (
    settings: Settings,
    dataDir: string,
    onKill: (kill: unknown, number: number) => void,
  ) => Promise<Record>;
  readonly report: (record: Record) => string;
  /** Kills between two signs of life. */
  readonly toldEvery: number;
}

interface Judged {
  /** What is not as it must be. */
  readonly findings: readonly string[];
}

/** Tells the seed, the progress, the figures and the verdict; the gateway's data stays where all is not well. */
export function killRun<Settings extends { readonly seed: number }, Record extends Judged>({
  usage,
  read,
  runThrough,
  report,
  toldEvery,
}: KillRun<Settings, Record>): FaultRun {
  return {
    usage,
    async start(args) {
      const settings = read(args);
      say(`seed ${settings.seed}`);
      const folder = await makeDataFolder();
      let isWell = false;
      try {
        const record = await runThrough(settings, folder.path, (_kill, number) => {
          if ((number + 1) % toldEvery === 0) say(`${number + 1} kills`);
        });
        const { findings } = record;
        say(report(record));
        isWell = findings.length === 0;
        say(isWell ? 'all is well' : `NOT WELL\n${findings.slice(0, SHOWN_AT_MOST).join('\n')}`);
      } finally {
        if (isWell) await folder.remove();
        else say(`the gateway's data is left in ${folder.path}`);
      }
      return isWell;
    },
  };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
