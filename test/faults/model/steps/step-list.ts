import * as fc from 'fast-check';

/**
 * Exactly so many steps; fewer only when a counterexample is made small. Whole stretches are left out first, the
 * later ones before the earlier: what follows the step that failed goes at once.
 */
export class StepList<T> extends fc.Arbitrary<T[]> {
  constructor(
    private readonly step: fc.Arbitrary<T>,
    private readonly length: number,
  ) {
    super();
  }

  generate(random: fc.Random, biasFactor: number | undefined): fc.Value<T[]> {
    const steps = Array.from({ length: this.length }, () => this.step.generate(random, biasFactor));
    return listOf(steps);
  }

  /** Without how it was made, a list cannot be made smaller. */
  canShrinkWithoutContext(_value: unknown): _value is T[] {
    return false;
  }

  shrink(_value: T[], context: unknown): fc.Stream<fc.Value<T[]>> {
    return fc.stream(this.smaller(context as readonly fc.Value<T>[]));
  }

  private *smaller(steps: readonly fc.Value<T>[]): IterableIterator<fc.Value<T[]>> {
    for (let size = Math.ceil(steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let end = steps.length; end > 0; end -= size) {
        const start = Math.max(0, end - size);
        yield listOf([...steps.slice(0, start), ...steps.slice(end)]);
      }
    }
    for (const [index, { value_: value, context }] of steps.entries()) {
      for (const simpler of this.step.shrink(value, context)) {
        yield listOf(steps.with(index, simpler));
      }
    }
  }
}

/** The values that it is made of are its context: from them it is made smaller. */
function listOf<T>(steps: readonly fc.Value<T>[]): fc.Value<T[]> {
  return new fc.Value(
    steps.map((step) => step.value),
    steps,
  );
}
