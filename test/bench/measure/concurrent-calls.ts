import { CALLERS } from '../bench-plan';

/**
 * Does `count` operations with 16 callers, each going on to its next one when its last is answered.
 * Caller c does the operations c, c + 16, c + 32, and so on. Answers how many were done in a second.
 */
export async function perSecond(
  count: number,
  operation: (index: number) => Promise<void>,
): Promise<number> {
  const startedMs = performance.now();
  const callers = Array.from({ length: CALLERS }, async (_, caller) => {
    for (let index = caller; index < count; index += CALLERS) await operation(index);
  });
  await Promise.all(callers);
  return (count * 1000) / (performance.now() - startedMs);
}
