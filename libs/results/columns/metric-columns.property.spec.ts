import * as fc from 'fast-check';
import { ColumnsLab, type LabRow, rowsOf } from '../spec/columns-lab';
import type { MetricValue } from '../result-row';
import { ResultSweep } from '../rows/result-sweep';
import { RowPages } from '../rows/row-pages';

interface Post {
  readonly what: 'post';
  readonly task: 0 | 1;
  readonly from: number;
  readonly count: number;
  readonly seed: number;
  /** How many names the metrics are spread over. */
  readonly names: number;
}

type Step =
  | Post
  | { readonly what: 'elsewhere'; readonly count: number }
  | { readonly what: 'fresh' | 'resume'; readonly task: 0 | 1 }
  | { readonly what: 'sweep' };

const ODD_NAMES = ['__proto__', 'a"b', '', '\ud800', '\ufffd', 'constructor', 'm1'];

describe('metric columns', () => {
  let lab: ColumnsLab;

  beforeEach(async () => {
    lab = await ColumnsLab.open();
  });

  afterEach(() => lab.close());

  async function take(step: Step): Promise<void> {
    if (step.what === 'sweep') await lab.engine.get(ResultSweep).runOnce();
    else if (step.what === 'post') await lab.post(step.task, randomRows(step));
    else if (step.what !== 'elsewhere') await lab.leaseAgain(step.task, step.what === 'resume');
    else
      await lab.post(
        'elsewhere',
        rowsOf(step.count, () => ({ m1: 1 })),
      );
  }

  it('tell what parsing every row tells, whatever came before', async () => {
    const task = fc.constantFrom(0 as const, 1 as const);
    const step: fc.Arbitrary<Step> = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          what: fc.constant('post' as const),
          task,
          from: fc.constantFrom(0, 100, 300, 5000),
          count: fc.constantFrom(1, 30, 120, 250, 499, 500, 501, 1100),
          seed: fc.nat(1000),
          names: fc.constantFrom(1, 3, 3, 8, 250),
        }),
      },
      { weight: 1, arbitrary: fc.record({ what: fc.constantFrom('fresh', 'resume'), task }) },
      { weight: 1, arbitrary: fc.constant({ what: 'sweep' } as const) },
      {
        weight: 2,
        arbitrary: fc.record({
          what: fc.constant('elsewhere' as const),
          count: fc.constantFrom(1, 40),
        }),
      },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 8 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (steps, part) => {
          await lab.newJobs();
          for (const each of steps) await take(each);
          const last = await lab.engine.get(RowPages).lastRowId();
          const names = ['m0', 'm1', 'm2', 'm7', 'm240', 'never', ...ODD_NAMES];
          await lab.assertTold(names, last);
          await lab.assertTold(['m1'], Math.floor(last * part));
        },
      ),
      { numRuns: 30 },
    );
  }, 120_000);
});

/** Rows that a seed decides: a few metrics each, of the names' first `names`. */
function randomRows({ from, count, seed, names }: Post): LabRow[] {
  const next = (state: number) => (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  let state = seed;
  const draw = (below: number) => {
    state = next(state);
    return (state >>> 8) % below;
  };
  return Array.from({ length: count }, (_, index) => {
    const entries = Array.from({ length: draw(4) }, (): [string, MetricValue] => {
      const name = names === 8 ? ODD_NAMES[draw(ODD_NAMES.length)] : `m${draw(names)}`;
      const value = [draw(1000) / 7, -draw(9), -0, true, false, null, 1e300][draw(7)];
      return [name ?? '', value ?? null];
    });
    return { id: from + index, metrics: Object.fromEntries(entries) };
  });
}
