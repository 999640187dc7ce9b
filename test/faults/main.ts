import type { FaultRun } from './fault-run';
import { AGENTS_PROGRAM } from './network/agents/agents.protocol';

/** By the name that follows `npm run faults --`. Loaded when asked for: a group of agents needs no engine. */
const RUNS: Readonly<Record<string, () => Promise<FaultRun>>> = {
  network: async () => (await import('./network/network-run')).networkRun,
  artifacts: async () => (await import('./artifacts/artifacts-run')).artifactsRun,
  webhooks: async () => (await import('./webhooks/webhooks-run')).webhooksRun,
  model: async () => (await import('./model/model-run')).modelRun,
};

async function usage(): Promise<string> {
  const lines = Object.entries(RUNS).map(
    async ([name, load]) => `npm run faults -- ${name} ${(await load()).usage}`,
  );
  return (await Promise.all(lines)).join('\n');
}

async function main([name = '', ...args]: readonly string[]): Promise<void> {
  if (name === AGENTS_PROGRAM) {
    const { runAgents } = await import('./network/agents/agents-program');
    return runAgents();
  }
  const load = RUNS[name];
  if (load === undefined) throw new Error(`Which run?\n${await usage()}`);
  const run = await load();
  if (!(await run.start(args))) process.exitCode = 1;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
});
