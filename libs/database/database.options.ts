import type { Clock, IdSource, RandomSource } from '@foreman/kernel';

export interface DatabaseOptions {
  /** The SQLite file; its folder must exist. */
  readonly file: string;
  /** Waiting for a lock that another process holds (a backup, say), in ms. Default 5000. */
  readonly busyTimeoutMs?: number;
  /** Control writes that share one commit at the most. Default 128. */
  readonly maxGroupSize?: number;
  /** Short bulk writes (`rows`) that share one commit at the most, while no control write waits. Default 4. */
  readonly maxRowsGroupSize?: number;
  /** Control writes that may wait; more get `server.busy`. Default 10000. */
  readonly maxControlWaiting?: number;
  /** Bulk writes that may wait; more get `server.busy`. Default 1000. */
  readonly maxBulkWaiting?: number;
  /** A unit of work that has not settled after this long is refused. Default 1000 ms. */
  readonly workLimitMs?: number;
  /** Stand-ins for tests. Default: the system's. */
  readonly clock?: Clock;
  readonly ids?: IdSource;
  readonly random?: RandomSource;
}

const DATABASE_DEFAULTS = {
  busyTimeoutMs: 5000,
  maxGroupSize: 128,
  maxRowsGroupSize: 4,
  maxControlWaiting: 10_000,
  maxBulkWaiting: 1000,
  workLimitMs: 1000,
} as const;

type DatabaseSettings = DatabaseOptions & Record<keyof typeof DATABASE_DEFAULTS, number>;

/** Fills in the defaults. @throws Error that names every limit that is not a whole number above zero. */
export function databaseSettings(options: DatabaseOptions): DatabaseSettings {
  const settings = { ...DATABASE_DEFAULTS, ...options };
  const names = Object.keys(DATABASE_DEFAULTS) as (keyof typeof DATABASE_DEFAULTS)[];
  const wrong = names.filter((name) => !Number.isSafeInteger(settings[name]) || settings[name] < 1);
  if (wrong.length > 0) {
    throw new Error(`DatabaseOptions: must be whole numbers above zero: ${wrong.join(', ')}`);
  }
  return settings;
}
