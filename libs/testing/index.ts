export { eventually } from './eventually';
export { FakeClock } from './fake-clock';
export { FixedRandom } from './fixed-random';
export { SequenceIds } from './sequence-ids';
export { openTemporaryDatabase } from './temporary-database';
export type { TemporaryDatabase } from './temporary-database';
export { openTestEngine } from './test-engine';
export type { TestEngine, TestLease } from './test-engine';
