import { BlobSweep, type BlobSweepCounts } from '@foreman/artifacts';
import { Retention } from '@foreman/retention';
import { createGateway, startGateway } from '../../../apps/gateway/create-gateway';
import { testOptions } from '../../e2e/harness/test-options';
import { AheadClock } from './ahead-clock';
import type { Ledger } from './ledger';
import { checkVisible, type Visible } from './outcome/check-visible';

export interface Swept {
  readonly sweep: BlobSweepCounts;
  readonly prunedJobs: number;
  /** What a service sees afterwards. */
  readonly visible: Visible;
}

/** Opens the data of a gateway that has stopped, so much later, and removes what is to go by then. */
export async function sweepLater(dataDir: string, aheadMs: number, ledger: Ledger): Promise<Swept> {
  const clock = new AheadClock(aheadMs);
  const options = await testOptions(dataDir);
  const app = await createGateway(options, { schedules: false, clock });
  try {
    const sweep = await app.get(BlobSweep).runOnce();
    const { jobs: prunedJobs } = await app.get(Retention).runOnce();
    const baseUrl = await startGateway(app, options);
    const viewer = { baseUrl, adminToken: options.adminToken, nowMs: clock.now() };
    return { sweep, prunedJobs, visible: await checkVisible(viewer, ledger) };
  } finally {
    await app.close();
  }
}
