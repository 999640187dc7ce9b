import { Logger } from '@nestjs/common';
import { findDivergence } from './model-check';

/** Few runs of the many that `npm run faults -- model` makes. */
const RUNS = 40;
const STEPS = 200;

describe('the engine and the model of it', () => {
  beforeAll(() => Logger.overrideLogger(false));

  it(`come to the same in ${RUNS} runs of ${STEPS} steps`, async () => {
    const plan = { seed: 20_261_122, runs: RUNS, steps: STEPS, shrinkMs: 20_000 };
    expect(await findDivergence(plan)).toBeNull();
  });
});
