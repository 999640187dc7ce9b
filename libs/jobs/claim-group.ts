import { canonicalJson } from '@foreman/kernel';
import type { TaskEntity } from './task.entity';

/** Neither kinds, queues nor labels hold a line break. */
const SEPARATOR = '\n';
/** The character after the separator: ends the range of all groups that begin with the same lines. */
const AFTER_SEPARATOR = '\v';

type Labels = Readonly<Record<string, string>>;

/** Tasks of one group can be run by the same edges, in the same queue: a claim looks at groups, not at tasks. */
export interface ClaimGroup {
  readonly kind: string;
  readonly queue: string;
  readonly requires: Labels;
}

/** The group's text, as `tasks.claim_group` holds it. Canonical, so that equal labels make one group. */
export function claimGroupOf(
  task: Pick<TaskEntity, 'kind' | 'queue'> & { readonly requires: Labels | null },
): string {
  const requires = task.requires ?? {};
  const labels = Object.keys(requires).length === 0 ? '' : canonicalJson(requires);
  return [task.kind, task.queue, labels].join(SEPARATOR);
}

export function readClaimGroup(text: string): ClaimGroup {
  const [kind = '', queue = '', requires = ''] = text.split(SEPARATOR);
  return { kind, queue, requires: requires === '' ? {} : (JSON.parse(requires) as Labels) };
}

/** The groups of a kind, or of a kind in a queue, are those from `from` on and below `below`. */
export function claimGroupRange(
  kind: string,
  queue?: string,
): { readonly from: string; readonly below: string } {
  const lines = queue === undefined ? kind : kind + SEPARATOR + queue;
  return { from: lines + SEPARATOR, below: lines + AFTER_SEPARATOR };
}

/** Whether these labels are all that a task requires. */
export function hasLabels(labels: Labels, requires: Labels | null): boolean {
  return Object.entries(requires ?? {}).every(([name, value]) => labels[name] === value);
}
