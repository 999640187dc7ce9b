import { FakeClock } from '@foreman/testing';
import { textStage } from '../spec/text-stage';
import type { TaskView } from './task-view';
import { ProgressLines } from './progress-lines';

const task = (changes: Partial<TaskView>): TaskView => ({
  title: 'SMA',
  state: 'running',
  edge: 'attic',
  processed: 0,
  total: null,
  ...changes,
});

describe('ProgressLines', () => {
  it('writes a line every two seconds in which something moved, and the last state', () => {
    const stage = textStage();
    const clock = new FakeClock();
    const lines = new ProgressLines(stage, clock);
    lines.show([task({ processed: 100 })]);
    lines.show([task({ processed: 200 })]);
    clock.advance(2_000);
    lines.show([task({ processed: 1_000 })]);
    clock.advance(2_000);
    lines.show([task({ processed: 1_000 })]);
    lines.show([task({ processed: 1_200, state: 'completed' })]);
    lines.finish();
    lines.finish();
    expect(stage.text().split('\n')).toEqual([
      '  0 of 1 tasks done, 100 configs tried; running SMA on attic',
      '  0 of 1 tasks done, 1,000 configs tried; running SMA on attic',
      '  1 of 1 tasks done, 1,200 configs tried',
      '',
    ]);
  });
});
