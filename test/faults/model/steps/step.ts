import * as fc from 'fast-check';
import type { JobWish } from '../world/submission';
import type { Beat, Failure } from '../world/task-calls';
import type { Edge, LeaseBody } from '../world/world';
import type { Weighted } from './step-list';

/** Which lease a call is about: one of those that were ever granted, if there is one. */
export interface Target {
  readonly among: 'living' | 'revivable' | 'latest' | 'all';
  /** Taken modulo how many there are. */
  readonly place: number;
  /** The call comes from another edge than the one that got the lease. */
  readonly isForeign: boolean;
}

/** One thing that happens to the world and to the engine. Plain data: a counterexample can be read. */
export type Step =
  | { readonly does: 'submit'; readonly job: JobWish }
  | {
      readonly does: 'lease';
      readonly edge: number;
      readonly body: LeaseBody;
      readonly hasKey: boolean;
      /** The same call comes twice at the same time: with a key it is one. */
      readonly isTwice: boolean;
    }
  | { readonly does: 'replay'; readonly place: number; readonly otherMax: number | null }
  | { readonly does: 'heartbeat'; readonly target: Target; readonly beat: Beat }
  | { readonly does: 'heartbeat of all'; readonly edge: number; readonly targets: Target[] }
  | { readonly does: 'rows'; readonly target: Target; readonly configs: number[] }
  | {
      readonly does: 'complete';
      readonly target: Target;
      readonly counts: 'right' | 'wrong' | null;
      readonly wantsNext: boolean;
    }
  | { readonly does: 'fail'; readonly target: Target; readonly failure: Failure }
  | { readonly does: 'release'; readonly target: Target }
  | { readonly does: 'cancel' | 'retry'; readonly place: number }
  | { readonly does: 'pause' | 'resume'; readonly queue: string }
  | { readonly does: 'pass'; readonly ms: number }
  | { readonly does: 'sweep' }
  /** Goes to where the next lease, attempt or wait ends, or a millisecond beside it, and sweeps. */
  | { readonly does: 'pass to the next end'; readonly besideMs: number }
  | { readonly does: 'jump'; readonly ms: number }
  | { readonly does: 'restart'; readonly downMs: number; readonly isKilled: boolean }
  | { readonly does: 'revoke'; readonly edge: number }
  | { readonly does: 'relabel'; readonly edge: number; readonly labels: Edge['labels'] }
  | { readonly does: 'drain'; readonly edge: number; readonly isDraining: boolean };

export const QUEUES = ['red', 'green', 'blue'];
export const KINDS = ['alpha', 'beta'];
const MINUTE_MS = 60_000;

const edge = fc.nat(2);
const place = fc.nat(30);
const queue = fc.constantFrom(...QUEUES);

/** `value`, once in `times`; else null. */
const seldom = <T>(times: number, value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: times - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: value });

const chosen = <T>(...weighted: readonly (readonly [weight: number, value: T])[]) =>
  fc.oneof(
    ...weighted.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })),
  ) as fc.Arbitrary<T>;

const target: fc.Arbitrary<Target> = fc.record({
  among: chosen<Target['among']>([12, 'living'], [4, 'revivable'], [1, 'latest'], [2, 'all']),
  place,
  isForeign: chosen([12, false], [1, true]),
});

const job: fc.Arbitrary<JobWish> = fc.record({
  taskCount: chosen([4, 1], [2, 2], [2, 3]),
  kind: fc.constantFrom(...KINDS),
  queue,
  priority: chosen([4, 0], [1, 1], [1, -1]),
  requires: chosen<JobWish['requires']>([12, {}], [1, { gpu: 'true' }], [1, { gpu: 'none' }]),
  assignTo: seldom(10, edge),
  maxAttempts: fc.constantFrom(1, 2, 3),
  leaseSeconds: fc.constantFrom(5, 10, 30, 60),
  timeoutSeconds: seldom(4, fc.constantFrom(4, 15, 40, 120)),
  startBySeconds: seldom(8, fc.constantFrom(5, 30, 300)),
  runAfterSeconds: seldom(8, fc.constantFrom(3, 20, 120)),
  onTaskFailure: fc.constantFrom('fail', 'continue'),
});

const body: fc.Arbitrary<LeaseBody> = fc.record({
  kinds: seldom(8, chosen([3, ['alpha']], [3, ['beta']], [1, []])),
  max: fc.constantFrom(1, 2, 3),
  isResuming: chosen([2, false], [1, true]),
});

const beat: fc.Arbitrary<Beat> = fc.oneof(
  fc.constant({}),
  fc.constant({ started: false }),
  fc.record({ started: fc.constant(true), processed: fc.nat(9) }),
);

const isTwice = chosen([4, false], [1, true]);

const failure: fc.Arbitrary<Failure> = fc.record({
  isRetryable: chosen([4, true], [1, false]),
  retryAfterSeconds: seldom(3, fc.constantFrom(0, 7, 86_400)),
});

/** Without these nothing happens at all. */
export const FIRST_STEPS: readonly Weighted<Step>[] = [
  [14, fc.record({ does: fc.constant('submit'), job })],
  [22, fc.record({ does: fc.constant('lease'), edge, body, hasKey: fc.boolean(), isTwice })],
];

/** What else can happen, and how often beside the others. */
export const OTHER_STEPS: readonly Weighted<Step>[] = [
  [7, fc.record({ does: fc.constant('replay'), place, otherMax: seldom(5, fc.constant(50)) })],
  [14, fc.record({ does: fc.constant('heartbeat'), target, beat })],
  [
    3,
    fc.record({
      does: fc.constant('heartbeat of all'),
      edge,
      targets: fc.array(target, { minLength: 1, maxLength: 3 }),
    }),
  ],
  [
    4,
    fc.record({
      does: fc.constant('rows'),
      target,
      configs: fc.array(fc.nat(4), { minLength: 1, maxLength: 3 }),
    }),
  ],
  [
    10,
    fc.record({
      does: fc.constant('complete'),
      target,
      counts: chosen<'right' | 'wrong' | null>([3, null], [3, 'right'], [1, 'wrong']),
      wantsNext: fc.boolean(),
    }),
  ],
  [6, fc.record({ does: fc.constant('fail'), target, failure })],
  [3, fc.record({ does: fc.constant('release'), target })],
  [2, fc.record({ does: fc.constant('cancel'), place })],
  [3, fc.record({ does: fc.constant('retry'), place })],
  [1, fc.record({ does: fc.constant('pause'), queue })],
  [4, fc.record({ does: fc.constant('resume'), queue })],
  [9, fc.record({ does: fc.constant('pass'), ms: fc.nat(8000) })],
  [1, fc.record({ does: fc.constant('pass'), ms: fc.nat(10 * MINUTE_MS) })],
  [6, fc.constant({ does: 'sweep' })],
  [
    11,
    fc.record({
      does: fc.constant('pass to the next end'),
      besideMs: chosen([4, 0], [1, -1], [1, 1]),
    }),
  ],
  [
    3,
    fc.record({
      does: fc.constant('jump'),
      ms: fc.constantFrom(-60, -1, 1, 60, 3 * 24 * 60, -3 * 24 * 60).map((m) => m * MINUTE_MS),
    }),
  ],
  [
    2,
    fc.record({
      does: fc.constant('restart'),
      downMs: fc.constantFrom(0, 900, 40_000, 3_600_000),
      isKilled: fc.boolean(),
    }),
  ],
  [1, fc.record({ does: fc.constant('revoke'), edge })],
  [
    2,
    fc.record({
      does: fc.constant('relabel'),
      edge,
      labels: fc.constantFrom<Edge['labels']>({}, { gpu: 'true' }, { gpu: 'none', zone: 'a' }),
    }),
  ],
  [2, fc.record({ does: fc.constant('drain'), edge, isDraining: chosen([5, false], [1, true]) })],
];
