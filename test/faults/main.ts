import type { FaultRun } from './fault-run';
import { AGENTS_PROGRAM } from './network/agents/agents.protocol';
import { runAgents } from './network/agents/agents-program';
import { networkRun } from './network/network-run';

/** By the name that follows `npm run faults --`. */
const RUNS: Readonly<Record<string, FaultRun>> = { network: networkRun };

function usage(): string {
  const lines = Object.entries(RUNS).map(([name, run]) => `npm run faults -- ${name} ${run.usage}`);
  return lines.join('\n');
}

async function main([name = '', ...args]: readonly string[]): Promise<void> {
  if (name === AGENTS_PROGRAM) return runAgents();
  const run = RUNS[name];
  if (run === undefined) throw new Error(`Which run?\n${usage()}`);
  if (!(await run.start(args))) process.exitCode = 1;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
});
