/** The compact completion (seed 000): best config ids, processed count, total count. */
export interface Summary {
  readonly bestConfigIds: string[];
  readonly processedCount: number | null;
  readonly totalCount: number | null;
}

/** A job's summary from its tasks': counts are sums, ids are `<taskIndex>:<configId>` when there are many tasks. */
export function jobSummary(
  tasks: readonly { taskIndex: number; summary: Summary | null }[],
): Summary {
  const only = tasks.length === 1 ? tasks[0]?.summary : undefined;
  if (only) return only;
  return {
    bestConfigIds: tasks.flatMap((task) =>
      (task.summary?.bestConfigIds ?? []).map((configId) => `${task.taskIndex}:${configId}`),
    ),
    processedCount: sumOfKnown(tasks.map((task) => task.summary?.processedCount ?? null)),
    totalCount: sumOfKnown(tasks.map((task) => task.summary?.totalCount ?? null)),
  };
}

/** The sum of what is known; null when nothing is. */
export function sumOfKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}
