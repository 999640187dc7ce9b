import type { INestApplication, LoggerService } from '@nestjs/common';

/** A service manager kills after 10 s (contract): end by ourselves shortly before. */
const STOP_WITHIN_MS = 9500;

/** SIGTERM and SIGINT end the gateway in order, with exit 0; a second signal changes nothing. */
export function stopOnSignals(app: INestApplication, logger: LoggerService): void {
  let isStopping = false;
  const stop = (signal: string) => {
    if (isStopping) return;
    isStopping = true;
    logger.log(`${signal}: finishing what runs`);
    const limit = setTimeout(() => {
      logger.error(`Not finished after ${STOP_WITHIN_MS} ms`);
      process.exit(1);
    }, STOP_WITHIN_MS);
    limit.unref();
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
}
