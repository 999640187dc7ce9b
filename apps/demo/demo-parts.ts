import { type Clock, type IdSource, delay } from '@foreman/kernel';
import type { Cleanup } from './cleanup';
import type { Environment } from './config/child-environment';
import type { DemoOptions } from './config/command-line';
import type { Children } from './processes/children';
import type { Narrator } from './stage/narrator';

/** What every scene of the story has at hand. */
export interface DemoParts {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly narrator: Narrator;
  readonly options: DemoOptions;
  /** For the child processes. */
  readonly environment: Environment;
  readonly children: Children;
  readonly cleanup: Cleanup;
  /** Aborts when the demo is interrupted. */
  readonly signal: AbortSignal;
}

/** Waits; throws the signal's reason when the demo is interrupted meanwhile. */
export async function pause({ clock, signal }: DemoParts, delayMs: number): Promise<void> {
  await delay(clock, delayMs, signal);
  signal.throwIfAborted();
}

/** What `happening` gives, if it does so in time. @throws Error naming `what` when it does not; the signal's reason */
export async function inTime<T>(
  parts: DemoParts,
  happening: Promise<T>,
  withinMs: number,
  what: string,
): Promise<T> {
  const { clock, signal } = parts;
  const isOver = new AbortController();
  const overtime = delay(clock, withinMs, AbortSignal.any([signal, isOver.signal])).then(() => {
    signal.throwIfAborted();
    throw new Error(`${what} did not come within ${withinMs / 1000} s`);
  });
  try {
    return await Promise.race([happening, overtime]);
  } finally {
    overtime.catch(() => undefined);
    isOver.abort();
  }
}
