import type { Clock } from '@foreman/kernel';
import type { Stage } from './narrator';
import { ProgressBars } from './progress-bars';
import { ProgressLines } from './progress-lines';
import type { ProgressDisplay } from './task-view';

/** Bars that move where there is a terminal, else a line now and then. */
export function progressDisplay(stage: Stage, clock: Clock): ProgressDisplay {
  return stage.isTerminal ? new ProgressBars(stage) : new ProgressLines(stage, clock);
}
