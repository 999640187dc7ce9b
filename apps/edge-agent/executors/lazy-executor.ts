import type { Completion, Executor, LeasedTask, TaskContext } from '@foreman/edge-sdk';

/** Loads its executor with the first task of its kind: an agent that only waits stays small. */
export class LazyExecutor implements Executor {
  private loaded: Promise<Executor> | null = null;

  constructor(
    readonly kind: string,
    private readonly load: () => Promise<Executor>,
    readonly resumable = false,
  ) {}

  async run(task: LeasedTask, context: TaskContext): Promise<Completion> {
    this.loaded ??= this.load();
    return (await this.loaded).run(task, context);
  }
}
