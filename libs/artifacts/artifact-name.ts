import { invalidField } from '@foreman/kernel';

/** The artifact that is always there once a job has completed. */
export const COMPLETION = 'completion';

const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,119}$/;
/** In a job of many tasks `<taskIndex>.` stands before a task's names; no task may take such a name itself. */
const TASK_PREFIX = /^[0-9]+\./;

/**
 * A name as an edge may give it: 1..120 of `A-Z a-z 0-9 . _ -`, not starting with a dot, not like
 * `<number>.` (contract). @throws `request.invalid` about `path`.
 */
export function checkArtifactName(name: string, path = 'name'): void {
  if (!NAME.test(name)) {
    throw invalidField(path, 'must be 1..120 of A-Z a-z 0-9 . _ - and not start with a dot');
  }
  if (TASK_PREFIX.test(name)) {
    throw invalidField(path, 'must not start with a number and a dot: those name tasks');
  }
}

/** The name under which the job shows a task's artifact. */
export function publicName(isOnlyTask: boolean, taskIndex: number, name: string): string {
  return isOnlyTask ? name : `${taskIndex}.${name}`;
}
