import { CommanderError } from 'commander';
import { DomainError, SystemClock } from '@foreman/kernel';
import { agentEnvironment } from './config/agent-environment';
import { readCommandLine } from './config/command-line';
import { readSettings } from './config/read-settings';
import { EXIT_CODES } from './exit-codes';
import { jsonLog } from './json-log';
import { runAgent } from './run-agent';

async function main(): Promise<number> {
  const { flags, file } = readCommandLine(process.argv.slice(2));
  const settings = readSettings(flags, agentEnvironment(), file);
  const clock = new SystemClock();
  const log = jsonLog(settings.logLevel, { agent: settings.name }, clock, (line) =>
    process.stdout.write(line),
  );
  // The clock's timers do not keep a process alive; while an agent waits for its gateway, this does.
  const alive = setInterval(() => undefined, 60_000);
  try {
    return await runAgent(settings, {
      clock,
      log,
      platform: `${process.platform}-${process.arch}`,
      onStopRequest: (listener) => {
        process.on('SIGTERM', listener);
        process.on('SIGINT', listener);
      },
    });
  } finally {
    clearInterval(alive);
  }
}

main().then(
  // An executor that was left behind must not keep the process.
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    if (error instanceof CommanderError) {
      process.exit(error.exitCode === 0 ? EXIT_CODES.stopped : EXIT_CODES.usage);
    }
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(error instanceof DomainError ? EXIT_CODES.usage : EXIT_CODES.fault);
  },
);
