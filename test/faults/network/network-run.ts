import { join } from 'node:path';
import { ForemanClient } from '@foreman/client';
import { makeDataFolder } from '../../e2e/harness/data-folder';
import { GatewayProcess } from '../../e2e/harness/gateway-process';
import type { FaultRun } from '../fault-run';
import { judgeRun } from './judge-run';
import type { NetworkRecord } from './network-record';
import { NETWORK_USAGE, readNetworkSettings, type NetworkSettings } from './network-settings';
import { joinJobs } from './outcome/join-outcome';
import { readDatabase } from './outcome/read-database';
import { all, readJobs } from './outcome/read-jobs';
import { FaultProxy } from './proxy/fault-proxy';
import { reportRun } from './report-run';
import { makeFaultJobs } from './work/fault-job';
import { workThrough } from './work-through';

const LONGEST_PAGE = 500;

/** Agents, a gateway, and a network between them that cannot be relied on. */
export const networkRun: FaultRun = {
  usage: NETWORK_USAGE,
  async start(args) {
    const settings = readNetworkSettings(args);
    say(`seed ${settings.seed}`);
    const folder = await makeDataFolder();
    const gateway = await GatewayProcess.start(folder.path);
    let isWell = false;
    try {
      const record = await runThrough(settings, gateway, folder.path);
      const findings = judgeRun(settings, record);
      say(reportRun(record));
      say(findings.length === 0 ? 'all is well' : `NOT WELL\n${findings.join('\n')}`);
      isWell = findings.length === 0;
    } finally {
      await gateway.kill();
      if (isWell) await folder.remove();
      else say(`the gateway's data is left in ${folder.path}`);
    }
    return isWell;
  },
};

/** Lets it happen; then reads what came of it, from outside and, once the gateway has stopped, from its file. */
async function runThrough(
  settings: NetworkSettings,
  gateway: GatewayProcess,
  dataDir: string,
): Promise<NetworkRecord> {
  const expected = makeFaultJobs(settings);
  const proxy = new FaultProxy(Number(new URL(gateway.baseUrl).port));
  const direct = new ForemanClient({ baseUrl: gateway.baseUrl, apiKey: gateway.adminToken });
  try {
    const folder = join(dataDir, 'agents');
    const place = { gateway, proxy, direct, folder };
    const { jobIds, notice, seconds } = await workThrough(settings, expected, place);
    const seen = await readJobs(direct, jobIds);
    const listed = await all(direct.list({}, { pageSize: LONGEST_PAGE }));
    const gatewayEnding = await gateway.terminate();
    const facts = readDatabase(join(dataDir, 'foreman.db'));
    return {
      outcome: {
        jobs: joinJobs(expected, seen, facts),
        listedJobIds: listed.map(({ id }) => id),
        storedRowCount: facts.storedRowCount,
      },
      facts,
      journal: proxy.journal,
      notice,
      gatewayEnding,
      gatewayLog: gateway.output(),
      seconds,
    };
  } finally {
    await direct.close();
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
