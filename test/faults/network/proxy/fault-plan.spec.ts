import { FAULT_KINDS, FaultPlan } from './fault-plan';

const OPTIONS = { seed: 1, share: 0.1, duplicateLateMs: 30_000, outageMs: [4000, 12_000] } as const;

/** What happens to the first exchanges of a link. */
function faultsOf(plan: FaultPlan, link: string, count: number) {
  return Array.from({ length: count }, (_, exchange) => plan.faultOf(link, exchange));
}

describe('FaultPlan', () => {
  const plan = new FaultPlan(OPTIONS);

  it('lets every kind happen once in each 80 exchanges, at a share of 10%', () => {
    for (const block of [0, 1, 2]) {
      const kinds = faultsOf(plan, 'a', 240)
        .slice(block * 80, (block + 1) * 80)
        .flatMap((fault) => fault?.kind ?? []);
      expect(kinds.toSorted()).toEqual([...FAULT_KINDS].toSorted());
    }
  });

  it('is the same for the same seed, and another for another seed or link', () => {
    const first = faultsOf(plan, 'a', 80);
    expect(faultsOf(new FaultPlan(OPTIONS), 'a', 80)).toEqual(first);
    expect(faultsOf(new FaultPlan({ ...OPTIONS, seed: 2 }), 'a', 80)).not.toEqual(first);
    expect(faultsOf(plan, 'b', 80)).not.toEqual(first);
  });

  it('brings duplicates over the whole time that they may be late', () => {
    const lateMs = faultsOf(plan, 'a', 8000).flatMap((fault) =>
      fault?.kind.startsWith('duplicated') ? [fault.lateMs] : [],
    );
    expect(Math.min(...lateMs)).toBeLessThan(1000);
    expect(Math.max(...lateMs)).toBeGreaterThan(29_000);
    expect(Math.max(...lateMs)).toBeLessThanOrEqual(30_000);
  });

  it('takes each link away once in a hundred exchanges', () => {
    const outages = Array.from({ length: 300 }, (_, exchange) => plan.outageOf('a', exchange));
    expect(outages.filter((outageMs) => outageMs !== null)).toHaveLength(3);
  });

  it.each([0, 1.1, NaN])('refuses a share of %p', (share) => {
    expect(() => new FaultPlan({ ...OPTIONS, share })).toThrow(RangeError);
  });
});
