import 'reflect-metadata';
import { CommanderError } from 'commander';
import { RandomIds, SystemClock } from '@foreman/kernel';
import { Cleanup } from './cleanup';
import { childEnvironment } from './config/child-environment';
import { readCommandLine } from './config/command-line';
import { tellStory } from './demo-story';
import { Children } from './processes/children';
import { CheckFailed, Narrator } from './stage/narrator';

/** As shells name a program that Ctrl-C ended. */
const INTERRUPTED = 130;
const LOG_LINES_SHOWN = 30;

async function main(): Promise<number> {
  const options = readCommandLine(process.argv.slice(2));
  const stopping = stopOnSignals();
  const children = new Children();
  // Whatever else goes wrong in here, no child outlives this process.
  process.on('exit', () => children.killAll());
  const cleanup = new Cleanup();
  const narrator = new Narrator({ stream: process.stdout, isTerminal: process.stdout.isTTY });
  let exitCode = 0;
  try {
    await tellStory({
      clock: new SystemClock(),
      ids: new RandomIds(),
      narrator,
      options,
      environment: childEnvironment(process.env),
      children,
      cleanup,
      signal: stopping.signal,
    });
  } catch (error) {
    exitCode = stopping.signal.aborted ? INTERRUPTED : 1;
    if (stopping.signal.aborted) narrator.failed('Interrupted');
    else narrator.failed(describe(error));
    if (exitCode === 1) process.stderr.write(`\n${children.logs(LOG_LINES_SHOWN)}\n`);
  }
  for (const failure of await cleanup.run()) narrator.failed(`Not tidied up: ${failure}`);
  return exitCode;
}

/** The first signal asks the demo to tidy up and end, a second one ends it at once. */
function stopOnSignals(): AbortController {
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (stopping.signal.aborted) process.exit(INTERRUPTED);
      stopping.abort(new Error(`Interrupted by ${name}`));
    });
  }
  return stopping;
}

function describe(error: unknown): string {
  if (error instanceof CheckFailed) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

main().then(
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    if (error instanceof CommanderError) process.exit(error.exitCode);
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
