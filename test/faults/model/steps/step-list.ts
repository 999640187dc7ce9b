import * as fc from 'fast-check';

/** A kind of step, and how often it is drawn beside the others. */
export type Weighted<T> = readonly [weight: number, step: fc.Arbitrary<T>];

/** A step, and the arbitrary that made it: only that one can make it simpler. */
interface Made<T> {
  readonly by: fc.Arbitrary<T>;
  readonly step: fc.Value<T>;
}

/** One in so many of the other kinds does not happen in a run: so that what needs the others often enough comes about. */
const LEFT_OUT_ONE_IN = 4;

/**
 * Exactly so many steps; fewer only when a counterexample is made small. Whole stretches are left out first, the
 * later ones before the earlier: what follows the step that failed goes at once.
 */
export class StepList<T> extends fc.Arbitrary<T[]> {
  constructor(
    private readonly first: readonly Weighted<T>[],
    private readonly others: readonly Weighted<T>[],
    private readonly length: number,
  ) {
    super();
  }

  generate(random: fc.Random, biasFactor: number | undefined): fc.Value<T[]> {
    const some = this.others.filter(() => random.nextInt(1, LEFT_OUT_ONE_IN) > 1);
    const kinds = [...this.first, ...some];
    return listOf(
      Array.from({ length: this.length }, () => {
        const by = drawn(kinds, random);
        return { by, step: by.generate(random, biasFactor) };
      }),
    );
  }

  /** Without how it was made, a list cannot be made smaller. */
  canShrinkWithoutContext(_value: unknown): _value is T[] {
    return false;
  }

  shrink(_value: T[], context: unknown): fc.Stream<fc.Value<T[]>> {
    return fc.stream(smaller(context as readonly Made<T>[]));
  }
}

function drawn<T>(kinds: readonly Weighted<T>[], random: fc.Random): fc.Arbitrary<T> {
  let left = random.nextInt(
    1,
    kinds.reduce((sum, [weight]) => sum + weight, 0),
  );
  for (const [weight, step] of kinds) {
    left -= weight;
    if (left <= 0) return step;
  }
  throw new Error('There is no step to draw from');
}

function* smaller<T>(made: readonly Made<T>[]): IterableIterator<fc.Value<T[]>> {
  for (let size = Math.ceil(made.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let end = made.length; end > 0; end -= size) {
      yield listOf([...made.slice(0, Math.max(0, end - size)), ...made.slice(end)]);
    }
  }
  for (const [index, { by, step }] of made.entries()) {
    for (const simpler of by.shrink(step.value_, step.context)) {
      yield listOf(made.with(index, { by, step: simpler }));
    }
  }
}

/** How its steps were made is its context. */
function listOf<T>(made: readonly Made<T>[]): fc.Value<T[]> {
  return new fc.Value(
    made.map(({ step }) => step.value),
    made,
  );
}
