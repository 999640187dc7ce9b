/** Real time between two looks, in ms. */
const LOOK_EVERY_MS = 10;

/**
 * Waits until `condition` answers something other than `undefined`, `null` or `false`, and answers it. For what only the
 * operating system can tell (a process has started, a file is there); gives up after `limitMs`.
 */
export async function eventually<T>(
  what: string,
  condition: () => T | Promise<T>,
  limitMs = 10_000,
): Promise<NonNullable<T>> {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== null && value !== false) return value;
    if (performance.now() > end) throw new Error(`Gave up waiting: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
