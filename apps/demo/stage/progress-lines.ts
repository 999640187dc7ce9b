import type { Clock } from '@foreman/kernel';
import type { Stage } from './narrator';
import type { ProgressDisplay, TaskView } from './task-view';

/** A log that nobody watches needs no more. */
const LINE_EVERY_MS = 2_000;

/** One line for the whole job, every two seconds in which something moved. */
export class ProgressLines implements ProgressDisplay {
  private shownAt = Number.NEGATIVE_INFINITY;
  private shown = '';
  private latest = '';

  constructor(
    private readonly stage: Stage,
    private readonly clock: Clock,
  ) {}

  show(tasks: readonly TaskView[]): void {
    this.latest = summary(tasks);
    if (this.clock.monotonicMs() - this.shownAt >= LINE_EVERY_MS) this.write();
  }

  finish(): void {
    this.write();
  }

  private write(): void {
    if (this.latest === this.shown) return;
    this.stage.stream.write(`  ${this.latest}\n`);
    this.shown = this.latest;
    this.shownAt = this.clock.monotonicMs();
  }
}

function summary(tasks: readonly TaskView[]): string {
  const completed = tasks.filter(({ state }) => state === 'completed').length;
  const tried = tasks.reduce((sum, { processed }) => sum + processed, 0);
  const running = tasks
    .filter(({ state }) => state === 'running')
    .map(({ title, edge }) => `${title} on ${edge}`);
  return [
    `${completed} of ${tasks.length} tasks done, ${tried.toLocaleString('en-US')} configs tried`,
    ...(running.length === 0 ? [] : [`running ${running.join('; ')}`]),
  ].join('; ');
}
