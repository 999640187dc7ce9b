import { chance, chosenNumber } from '../../chance';
import type { PlannedBytes } from './planned-bytes';

/** How an artifact gets to the gateway. */
export type Way = 'put' | 'signed' | 'inline';

export interface ArtifactPlan {
  readonly name: string;
  readonly way: Way;
  /** Other bytes under the same name that come first and are replaced; null: none do. */
  readonly replaced: PlannedBytes | null;
  readonly bytes: PlannedBytes;
}

export interface TaskPlan {
  readonly artifacts: readonly ArtifactPlan[];
}

export interface InputPlan {
  readonly bytes: PlannedBytes;
  /** Whether the service deletes it when its job is done: it goes with the job. */
  readonly isDeleted: boolean;
}

/** One job from its input to its completion, or to its cancellation in the middle of an upload. */
export interface JobPlan {
  readonly input: InputPlan | null;
  readonly ttlSeconds: number;
  readonly isCancelled: boolean;
  readonly tasks: readonly TaskPlan[];
}

/** About what is written at once (16 KiB), the size of a chunk (256 KiB), and several chunks. */
const SIZES = [0, 1, 900, 16_384, 16_385, 262_144, 262_145, 700_001, 1_500_000, 3_000_000];
const WAYS: readonly Way[] = ['put', 'put', 'signed', 'inline'];
/** As text it is twice as long, and must stay inline. */
const LONGEST_INLINE = 60_000;
/** Some inputs have the same bytes, which are kept once. */
const INPUT_CONTENTS = 5;
/** Most jobs are pruned while the run goes on; those that are kept are read after every kill. */
const SHORT_TTLS = [0, 0, 1, 2];
const LONG_TTL_SECONDS = 100 * 86_400;

const LONG_TTL_SHARE = 0.12;
const CANCELLED_SHARE = 0.15;
const TWO_TASKS_SHARE = 0.25;
const INPUT_SHARE = 0.5;
const REPLACED_SHARE = 0.2;

/** What the `number`th job of a worker is, always the same for the same seed. */
export function jobPlan(seed: number, worker: number, number: number): JobPlan {
  const of = [worker, number] as const;
  const taskCount = chance(seed, 'two', ...of) < TWO_TASKS_SHARE ? 2 : 1;
  const isLong = chance(seed, 'long', ...of) < LONG_TTL_SHARE;
  return {
    input: chance(seed, 'input', ...of) < INPUT_SHARE ? inputPlan(seed, of) : null,
    ttlSeconds: isLong ? LONG_TTL_SECONDS : oneOf(SHORT_TTLS, seed, 'ttl', ...of),
    isCancelled: chance(seed, 'cancelled', ...of) < CANCELLED_SHARE,
    tasks: Array.from({ length: taskCount }, (_, index) => taskPlan(seed, [...of, index])),
  };
}

function inputPlan(seed: number, of: readonly number[]): InputPlan {
  const content = chosenNumber([1, INPUT_CONTENTS], seed, 'content', ...of);
  const size = oneOf(SIZES, seed, 'input size', content);
  return {
    bytes: { seed: `${seed}/input/${content}`, size },
    isDeleted: chance(seed, 'deleted', ...of) < 1 / 2,
  };
}

function taskPlan(seed: number, of: readonly number[]): TaskPlan {
  const count = chosenNumber([1, 3], seed, 'artifacts', ...of);
  const artifacts = Array.from({ length: count }, (_, index) => artifactPlan(seed, [...of, index]));
  return { artifacts };
}

function artifactPlan(seed: number, of: readonly number[]): ArtifactPlan {
  const way = oneOf(WAYS, seed, 'way', ...of);
  const size = oneOf(SIZES, seed, 'size', ...of);
  const bytes = (what: string, length: number) => ({
    seed: [seed, what, ...of].join('/'),
    size: length,
  });
  const isReplaced = way !== 'inline' && chance(seed, 'replaced', ...of) < REPLACED_SHARE;
  return {
    name: `file-${of.at(-1) ?? 0}`,
    way,
    replaced: isReplaced ? bytes('first', oneOf(SIZES, seed, 'first size', ...of)) : null,
    bytes: bytes('bytes', way === 'inline' ? Math.min(size, LONGEST_INLINE) : size),
  };
}

function oneOf<T>(items: readonly T[], seed: number, ...names: readonly (string | number)[]): T {
  const item = items[Math.floor(chance(seed, ...names) * items.length)];
  if (item === undefined) throw new RangeError('There is nothing to choose from');
  return item;
}
