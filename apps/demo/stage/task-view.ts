/** How far one task is. */
export interface TaskView {
  readonly title: string;
  readonly state: 'waiting' | 'running' | 'completed' | 'failed' | 'cancelled';
  /** The edge that has or had it; empty while it waits. */
  readonly edge: string;
  readonly processed: number;
  /** Null: not known yet. */
  readonly total: number | null;
}

export interface ProgressDisplay {
  show(tasks: readonly TaskView[]): void;
  /** Leaves the last state standing. */
  finish(): void;
}
