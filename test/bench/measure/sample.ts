import type { CpuMeter } from './cpu-meter';

/** One side of one round. */
export interface Sample {
  readonly perSecond: number;
  /** CPU that the measured process spent on it; null where the system does not tell. */
  readonly cpuSeconds: number | null;
}

/** `work` answers how many operations were done in a second. */
export async function sample(cpu: CpuMeter, work: () => Promise<number> | number): Promise<Sample> {
  const before = cpu();
  const perSecond = await work();
  const after = cpu();
  return { perSecond, cpuSeconds: before === null || after === null ? null : after - before };
}
