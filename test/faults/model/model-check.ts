import { performance } from 'node:perf_hooks';
import * as fc from 'fast-check';
import { play, type OpenEngine } from './steps/play';
import { FIRST_STEPS, OTHER_STEPS, type Step } from './steps/step';
import { StepList } from './steps/step-list';

export interface ModelPlan {
  readonly seed: number;
  readonly runs: number;
  readonly steps: number;
  /** Groups of tasks that stand beside, which no edge of the runs can lease. */
  readonly crowd: number;
  /** Replays one run, or one that was made smaller: as a failure tells it. */
  readonly path?: string;
  /** Making a counterexample smaller takes no longer. */
  readonly shrinkMs: number;
  readonly onRun?: (done: number) => void;
  /** Another engine than the real one, to see that what it does wrong is found. */
  readonly open?: OpenEngine;
}

/** Null when the engine did what the world expects in every run; else all that it takes to see it again. */
export async function findDivergence(plan: ModelPlan): Promise<string | null> {
  const { seed, runs, steps, crowd, path, shrinkMs, onRun } = plan;
  let done = 0;
  let shrinksUntil = Number.POSITIVE_INFINITY;
  const property = fc.asyncProperty(
    new StepList(FIRST_STEPS, OTHER_STEPS, steps),
    async (list: Step[]) => {
      // What is not tried any more counts as good: the smallest that was found so far is told.
      if (performance.now() > shrinksUntil) return;
      await play(list, crowd, plan.open);
      done += 1;
      onRun?.(done);
    },
  );
  const common = { seed, numRuns: runs, ...(path !== undefined && { path }) };
  const first = await fc.check(property, { ...common, endOnFailure: true });
  if (!first.failed) return null;
  const goodRuns = done;
  shrinksUntil = performance.now() + shrinkMs;
  const found = first.counterexamplePath ?? '';
  const smaller = await fc.check(property, { ...common, path: found });
  return report(
    plan,
    smaller.failed && smaller.counterexample !== null ? smaller : first,
    goodRuns,
  );
}

function report(plan: ModelPlan, details: fc.RunDetails<[Step[]]>, done: number): string {
  const { errorInstance, counterexample, counterexamplePath } = details;
  const path = counterexamplePath ?? '';
  const again = `--seed ${plan.seed} --steps ${plan.steps} --crowd ${plan.crowd} --path ${path}`;
  return [
    `After ${done} good runs: the engine and the model differ. See it again with ${again}`,
    ...(counterexample?.[0] ?? []).map((one, index) => `${index}: ${JSON.stringify(one)}`),
    errorInstance instanceof Error ? (errorInstance.stack ?? '') : String(errorInstance),
  ].join('\n');
}
