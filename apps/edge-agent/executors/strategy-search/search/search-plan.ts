import { InvalidPayload } from '../request/invalid-payload';
import type { SearchRequest } from '../request/search-request';
import { STRATEGIES } from '../strategies/strategies';
import type { ParameterValues } from '../strategies/strategy';
import { seededRandom } from './seeded-random';

/** How many combinations are looked at to find acceptable ones, whatever the size of the space: about a second. */
const MAX_EXAMINED = 1_000_000;

/**
 * The combinations to try, each once, in a fixed order: a grid nests the parameters in the strategy's order with the
 * last one turning fastest, and takes the first `maxTrials`; a random search draws without replacement by the seed.
 * Combinations that the strategy does not accept are passed over and counted in no total.
 * @throws InvalidPayload if there is none, or if the space is too large to be numbered
 */
export function planSearch(request: SearchRequest): ParameterValues[] {
  const strategy = STRATEGIES[request.strategy];
  const size = request.parameters.reduce((product, { values }) => product * values.length, 1);
  if (!Number.isSafeInteger(size)) {
    throw new InvalidPayload('payload.parameters', 'span more combinations than can be numbered');
  }
  const indices =
    request.searchStrategy === 'grid'
      ? ascending(size)
      : shuffled(size, seededRandom(request.seed));
  const plan: ParameterValues[] = [];
  let examined = 0;
  for (const index of indices) {
    const values = combinationAt(request.parameters, index);
    if (strategy.accepts(values)) plan.push(values);
    if (plan.length === request.maxTrials || ++examined === MAX_EXAMINED) break;
  }
  if (plan.length === 0) {
    throw new InvalidPayload(
      'payload.parameters',
      `hold no usable combination: ${strategy.constraint}`,
    );
  }
  return plan;
}

function combinationAt(parameters: SearchRequest['parameters'], index: number): ParameterValues {
  const digits: [string, number][] = [];
  let rest = index;
  for (const { name, values } of parameters.toReversed()) {
    digits.push([name, values[rest % values.length] as number]);
    rest = Math.floor(rest / values.length);
  }
  return Object.fromEntries(digits.toReversed());
}

function* ascending(size: number): Generator<number> {
  for (let index = 0; index < size; index++) yield index;
}

/** Fisher-Yates over 0..size-1 that remembers only what it has moved: memory grows with the draws, not the size. */
function* shuffled(size: number, random: () => number): Generator<number> {
  const moved = new Map<number, number>();
  for (let last = size - 1; last >= 0; last--) {
    const pick = Math.floor(random() * (last + 1));
    yield moved.get(pick) ?? pick;
    moved.set(pick, moved.get(last) ?? last);
    moved.delete(last);
  }
}
