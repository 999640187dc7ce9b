import type { SubmittedJob } from './protocol.types';

/** The answer to a repeat of a call whose work was deleted or pruned since. */
export interface Gone {
  readonly gone: readonly string[];
}

/** What the call's idempotency key has made was deleted or pruned since, or some of it. Nothing was made again. */
export class AlreadyGone extends Error {
  override readonly name = 'AlreadyGone';

  constructor(
    /** Ids of what is gone. */
    readonly gone: readonly string[],
    /** Of a batch: the jobs that are there, in the order of the request. */
    readonly items: readonly SubmittedJob[] = [],
  ) {
    super(`Made before with this idempotency key, and gone since: ${gone.join(', ')}`);
  }
}

/** @throws AlreadyGone */
export function unlessGone<T extends object>(answer: T | Gone): T {
  if ('gone' in answer) throw new AlreadyGone(answer.gone);
  return answer;
}
