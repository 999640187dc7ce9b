import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CALLERS, type BenchPlan } from '../bench-plan';
import { perSecond } from '../measure/concurrent-calls';
import { ownCpu } from '../measure/cpu-meter';
import { compare, measurePairs, type Comparison, type Pair } from '../measure/pairs';
import { sample, type Sample } from '../measure/sample';
import { BareDriver } from './bare-driver';
import { benchEdges } from './bench-edges';
import { openEngine, type Engine } from './engine';
import { groupsIn, recordStatements, type RecordedStatement } from './statement-recording';

export interface EngineComparison extends Comparison {
  /** SQL statements of one operation, BEGIN, COMMIT and savepoints not counted. */
  readonly statementsEach: number;
  /** Callers that shared a commit, on the average: in the recording, which the driver repeats. */
  readonly meanGroupSize: number;
}

/** What one round does, in this order and on one file. */
const OPERATIONS = ['submit', 'lease + heartbeat + complete'] as const;
/** Units of work in one operation: each waits for a commit of its own. */
const UNITS_EACH = { submit: 1, 'lease + heartbeat + complete': 3 } as const;

type Operation = (typeof OPERATIONS)[number];

/** Something that has to be done once for each operation. */
type ByOperation<T> = Readonly<Record<Operation, T>>;

/**
 * The engine in process against its own statements on the bare driver: a first run is recorded, every
 * round begins on a copy of the same file.
 */
export async function benchEngine(plan: BenchPlan, folder: string): Promise<EngineComparison[]> {
  const count = plan.engineJobs;
  const blank = join(folder, 'blank.db');
  await (await openEngine(blank)).close();
  const recording = await recordRound(await freshCopy(blank, folder, 'recorded'), count);

  const sides: Pair<() => Promise<ByOperation<Sample>>> = {
    subject: async () => engineRound(await freshCopy(blank, folder, 'engine'), count),
    baseline: async () => bareRound(await freshCopy(blank, folder, 'bare'), count, recording),
  };
  const warmUp = { rounds: plan.engineWarmUpRounds, budgetMs: plan.budgetMs };
  await measurePairs(warmUp, async () => sides);
  const rounds = await measurePairs(plan, async () => sides);
  return OPERATIONS.map((name) => {
    const pairs = rounds.map(({ subject, baseline }) => ({
      subject: subject[name],
      baseline: baseline[name],
    }));
    return { ...compare(name, pairs), ...shapeOf(name, recording[name], count) };
  });
}

async function freshCopy(blank: string, folder: string, name: string): Promise<string> {
  const file = join(folder, `${name}-${performance.now()}.db`);
  await copyFile(blank, file);
  return file;
}

async function operationsOf(
  engine: Engine,
): Promise<ByOperation<(index: number) => Promise<void>>> {
  const edgeOf = await benchEdges(engine);
  return {
    submit: () => engine.submit(),
    'lease + heartbeat + complete': (index) => engine.workOnce(edgeOf(index)),
  };
}

async function engineRound(file: string, count: number): Promise<ByOperation<Sample>> {
  const engine = await openEngine(file);
  const operations = await operationsOf(engine);
  const measure = (name: Operation) => sample(ownCpu, () => perSecond(count, operations[name]));
  const submit = await measure('submit');
  const work = await measure('lease + heartbeat + complete');
  await engine.close();
  return { submit, 'lease + heartbeat + complete': work };
}

async function recordRound(file: string, count: number): Promise<ByOperation<RecordedStatement[]>> {
  const engine = await openEngine(file);
  const operations = await operationsOf(engine);
  const record = (name: Operation) =>
    recordStatements(engine.database.driver, async () => {
      await perSecond(count, operations[name]);
    });
  const submit = await record('submit');
  const work = await record('lease + heartbeat + complete');
  await engine.close();
  return { submit, 'lease + heartbeat + complete': work };
}

async function bareRound(
  file: string,
  count: number,
  recording: ByOperation<readonly RecordedStatement[]>,
): Promise<ByOperation<Sample>> {
  const driver = new BareDriver(file);
  const measure = (name: Operation) => {
    const replay = driver.prepare(recording[name]);
    return sample(ownCpu, () => count / replay());
  };
  const submit = await measure('submit');
  const work = await measure('lease + heartbeat + complete');
  driver.close();
  return { submit, 'lease + heartbeat + complete': work };
}

const FRAME = /^(BEGIN|COMMIT|SAVEPOINT|RELEASE)\b/;

function shapeOf(name: Operation, statements: readonly RecordedStatement[], count: number) {
  const statementsEach = statements.filter(({ sql }) => !FRAME.test(sql)).length / count;
  const meanGroupSize = (count * UNITS_EACH[name]) / groupsIn(statements);
  if (meanGroupSize > CALLERS) throw new Error('A group cannot be larger than its callers');
  return { statementsEach, meanGroupSize };
}
