import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { Stage } from './narrator';
import type { ProgressDisplay, TaskView } from './task-view';

/** A bar needs an end before its task has told of one. */
const UNKNOWN_TOTAL = 1;

/** One bar a task. */
export class ProgressBars implements ProgressDisplay {
  private readonly display: MultiBar;
  private readonly bars: SingleBar[] = [];

  constructor({ stream }: Stage) {
    this.display = new MultiBar(
      {
        format: '  {title} {bar} {percentage}%  {count}  {note}',
        barsize: 28,
        autopadding: true,
        hideCursor: true,
        stream,
      },
      Presets.rect,
    );
  }

  show(tasks: readonly TaskView[]): void {
    for (const [index, task] of tasks.entries()) {
      const { total, processed } = task;
      const bar = this.barOf(index, task);
      bar.setTotal(total ?? UNKNOWN_TOTAL);
      bar.update(total === null ? 0 : processed, texts(task, tasks));
    }
    this.display.update();
  }

  finish(): void {
    this.display.stop();
  }

  private barOf(index: number, task: TaskView): SingleBar {
    const bar = this.bars[index] ?? this.display.create(UNKNOWN_TOTAL, 0, texts(task, [task]));
    this.bars[index] = bar;
    return bar;
  }
}

function texts({ title, state, edge, processed, total }: TaskView, all: readonly TaskView[]) {
  const width = Math.max(...all.map((task) => task.title.length));
  const notes = {
    waiting: 'waiting',
    running: `on ${edge}`,
    completed: `done by ${edge}`,
    failed: 'failed',
    cancelled: 'cancelled',
  };
  return {
    title: title.padEnd(width),
    count: (total === null ? '' : `${processed}/${total}`).padEnd(9),
    note: notes[state],
  };
}
