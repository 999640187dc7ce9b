import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FULL_PLAN, QUICK_PLAN } from './bench-plan';
import { benchClaims } from './claims/claims-bench';
import { benchEngine } from './engine/engine-bench';
import { serveDoNothing } from './http/do-nothing.app';
import { DO_NOTHING } from './http/do-nothing.protocol';
import { benchHttp } from './http/http-bench';
import { benchLanes } from './lanes/lanes-bench';
import { withScratchFolder } from './measure/scratch-folder';
import { benchLists } from './lists/lists-bench';
import { benchPolls } from './polls/polls-bench';
import { benchResults } from './results/results-bench';
import { benchTransfers } from './transfers/transfers-bench';
import { benchQueries } from './results-queries/queries-bench';
import { benchWebhooks } from './webhooks/webhooks-bench';
import { machine, reportText, type BenchReport } from './report/bench-report';

const PARTS = [
  'engine',
  'claims',
  'http',
  'lanes',
  'lists',
  'polls',
  'results',
  'results-queries',
  'transfers',
  'webhooks',
];

const USAGE = `npm run bench -- [--quick] [--json FILE] [--only PART] [--call TEXT]
  --quick      a few seconds: shows that it runs, its figures mean nothing
  --json FILE  writes the figures there too
  --only PART  ${PARTS.join(', ')}
  --call TEXT  of the HTTP calls, those whose name has this text`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      only: { type: 'string' },
      call: { type: 'string', default: '' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || (values.only !== undefined && !PARTS.includes(values.only))) {
    throw new Error(USAGE);
  }
  const plan = values.quick ? QUICK_PLAN : FULL_PLAN;
  const report = await withScratchFolder(async (folder): Promise<BenchReport> => {
    const part = async <T>(name: string, bench: (folder: string) => Promise<T>) => {
      if (values.only !== undefined && values.only !== name) return null;
      const ownFolder = join(folder, name);
      await mkdir(ownFolder);
      return bench(ownFolder);
    };
    return {
      machine: machine(),
      plan,
      engine: await part('engine', (own) => benchEngine(plan, own)),
      claims: await part('claims', (own) => benchClaims(plan, own)),
      http: await part('http', (own) => benchHttp(plan, own, (name) => name.includes(values.call))),
      lanes: await part('lanes', (own) => benchLanes(plan, own)),
      lists: await part('lists', (own) => benchLists(plan, own)),
      polls: await part('polls', (own) => benchPolls(plan, own)),
      queries: await part('results-queries', (own) => benchQueries(plan, own)),
      results: await part('results', (own) => benchResults(plan, own)),
      transfers: await part('transfers', (own) => benchTransfers(plan, own)),
      webhooks: await part('webhooks', (own) => benchWebhooks(plan, own)),
    };
  });
  if (values.json !== undefined) await writeFile(values.json, JSON.stringify(report, null, 2));
  process.stdout.write(`${reportText(report)}\n`);
}

const program = process.argv[2] === DO_NOTHING ? serveDoNothing() : main();
program.catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
});
