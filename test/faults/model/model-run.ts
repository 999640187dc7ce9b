import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Logger } from '@nestjs/common';
import type { FaultRun } from '../fault-run';
import { findDivergence } from './model-check';

const LAST_SEED = 2 ** 31 - 1;
/** Runs between two signs of life. */
const TOLD_EVERY = 50;

/** Random steps, done to the engine on a real database and to a plain model of it: what they answer, and what is there after each step, is the same. */
export const modelRun: FaultRun = {
  usage: '[--runs 1000] [--steps 200] [--crowd 100] [--seed N] [--path P] [--shrink-seconds 120]',

  async start(args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        runs: { type: 'string', default: '1000' },
        steps: { type: 'string', default: '200' },
        crowd: { type: 'string', default: '100' },
        seed: { type: 'string', default: String(randomInt(LAST_SEED)) },
        path: { type: 'string' },
        'shrink-seconds': { type: 'string', default: '120' },
      },
    });
    const runs = wholeNumber(values.runs);
    const steps = wholeNumber(values.steps);
    const seed = wholeNumber(values.seed);
    const crowd = wholeNumber(values.crowd);
    // The engine warns of the jumps of the clock that we make.
    Logger.overrideLogger(false);
    say(`seed ${seed}: ${runs} runs of ${steps} steps beside ${crowd} groups`);
    const divergence = await findDivergence({
      seed,
      runs,
      steps,
      crowd,
      ...(values.path !== undefined && { path: values.path }),
      shrinkMs: wholeNumber(values['shrink-seconds']) * 1000,
      onRun: (done) => {
        if (done % TOLD_EVERY === 0) say(`${done} runs`);
      },
    });
    say(divergence ?? `seed ${seed}: no divergence in ${runs} runs of ${steps} steps`);
    return divergence === null;
  },
};

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${text} is not a whole number`);
  return value;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
