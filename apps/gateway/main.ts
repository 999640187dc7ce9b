import { DatabaseLockedError, NewerSchemaError } from '@foreman/database';
import { Logger } from 'nestjs-pino';
import { SettingsError } from './config/settings';
import { loadProcessOptions } from './config/load-options';
import { widenThreadPool } from './config/lookup-threads';
import { createGateway, startGateway } from './create-gateway';
import { stopOnSignals } from './stop-on-signals';

async function main(): Promise<void> {
  widenThreadPool();
  const { options, madeFiles } = await loadProcessOptions();
  const app = await createGateway(options);
  const logger = app.get(Logger);
  stopOnSignals(app, logger);
  for (const path of madeFiles) logger.log(`Made ${path}: keep it safe, and back it up`);
  logger.log(`Foreman listens on ${await startGateway(app, options)}`);
}

/** Faults of the operator's making get a sentence, not a stack. */
function explain(error: unknown): string {
  const isExpected =
    error instanceof SettingsError ||
    error instanceof DatabaseLockedError ||
    error instanceof NewerSchemaError ||
    (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE');
  if (error instanceof Error) return isExpected ? error.message : (error.stack ?? error.message);
  return String(error);
}

main().catch((error: unknown) => {
  process.stderr.write(`Foreman cannot start. ${explain(error)}\n`);
  process.exit(1);
});
