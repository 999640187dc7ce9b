import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { UnitOfWork } from '@foreman/database';
import { Clock } from '@foreman/kernel';

/** The longest wait that an edge may ask for when it fails a task; no backoff is longer. */
const LONGEST_BACKOFF_MS = 86_400_000;

/**
 * While the gateway was down no edge could call: each live lease gets one grace of its own length, once,
 * until its edge is heard of again; so a gateway that crashes again and again keeps no dead lease
 * alive. Of what the clock before the start has written only as much is believed as can be true.
 */
@Injectable()
export class LeaseGrace implements OnApplicationBootstrap {
  private readonly logger = new Logger(LeaseGrace.name);

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** Before the first call is answered, and before the first sweep. */
  async onApplicationBootstrap(): Promise<void> {
    const graced = await this.unitOfWork.run(async (tx) => {
      const now = this.clock.now();
      const count = await tx.execute(GIVE, [now]);
      await tx.execute(NO_LONGER_THAN_ITS_LENGTH, [now, now]);
      await tx.execute(NO_LEASE_FROM_THE_FUTURE, [now, now]);
      await tx.execute(PATIENCE_ANEW, [now]);
      const latest = now + LONGEST_BACKOFF_MS;
      await tx.execute(NO_BACKOFF_BEYOND_A_DAY, [latest, latest]);
      return count;
    });
    if (graced > 0) this.logger.log({ graced }, 'Leases from before the start live on for a while');
  }
}

const GIVE = `
  UPDATE tasks SET lease_expires_at = ? + lease_seconds * 1000, is_graced = 1
  WHERE status = 'leased' AND is_graced = 0`;

const NO_LONGER_THAN_ITS_LENGTH = `
  UPDATE tasks SET lease_expires_at = ? + lease_seconds * 1000
  WHERE status = 'leased' AND lease_expires_at > ? + lease_seconds * 1000`;

const NO_LEASE_FROM_THE_FUTURE = `
  UPDATE tasks SET leased_at = ? WHERE status = 'leased' AND leased_at > ?`;

/** Nobody could say that a task goes on. With each start, since a stall is better seen late than wrongly. */
const PATIENCE_ANEW = `
  UPDATE tasks SET stall_due_at = ? + stall_seconds * 1000
  WHERE status = 'leased' AND stall_due_at IS NOT NULL`;

const NO_BACKOFF_BEYOND_A_DAY = `
  UPDATE tasks SET available_at = ?
  WHERE status = 'queued' AND is_due = 0 AND attempt > 0 AND available_at > ?`;
