import { artifactNameFault, invalidField } from '@foreman/kernel';

/** The artifact that is always there once a job has completed. */
export const COMPLETION = 'completion';

/**
 * A name as an edge may give it: 1..120 of `A-Z a-z 0-9 . _ -`, not starting with a dot, not like
 * `<number>.` (contract). @throws `request.invalid` about `path`.
 */
export function checkArtifactName(name: string, path = 'name'): void {
  const fault = artifactNameFault(name);
  if (fault !== null) throw invalidField(path, fault);
}

/** The name under which the job shows a task's artifact. */
export function publicName(isOnlyTask: boolean, taskIndex: number, name: string): string {
  return isOnlyTask ? name : `${taskIndex}.${name}`;
}
