import { TaskFailure, type Completion, type Executor } from '@foreman/edge-sdk';
import { type Clock, delay } from '@foreman/kernel';
import { chance, chosenNumber } from '../../chance';
import {
  ARTIFACT_NAME,
  artifactOf,
  bestOf,
  rowsOf,
  strayArtifact,
  strayRow,
} from './attempt-output';
import { FAULT_KIND, type FaultTask } from './fault-job';

/** Of the attempts: fail after some rows, asking for another attempt. */
const FAILING_SHARE = 0.04;
/** Of the attempts: take longer than their lease, which heartbeats must then keep. */
const SLOW_SHARE = 0.03;
const SLOWER_THAN_LEASE = 1.3;
const BATCHES = 3;
/** For each batch. */
const BATCH_MS = [0, 300] as const;
const RETRY_AFTER_SECONDS = 1;

/** Posts rows in a few batches and one artifact, then completes; now and then fails or is slow, by the seed. */
export function faultTestExecutor(clock: Clock): Executor {
  return {
    kind: FAULT_KIND,
    async run({ payload, attempt, leaseSeconds }, context): Promise<Completion> {
      const task = payload as unknown as FaultTask;
      const drawn = chance(task.seed, 'attempt', task.number, attempt);
      const rows = rowsOf(task, attempt);
      const total = rows.length;
      const batchRows = Math.ceil(total / BATCHES);
      for (let first = 0; first < total; first += batchRows) {
        // Work takes time, so that a crash or a lost lease can fall into it.
        const workMs = chosenNumber(BATCH_MS, task.seed, 'work', task.number, attempt, first);
        await delay(clock, workMs, context.signal);
        await context.postRows(rows.slice(first, first + batchRows));
        context.progress({ processed: Math.min(total, first + batchRows), total });
        if (drawn < FAILING_SHARE) {
          await context.postRows([strayRow(task, attempt)]);
          await context.putArtifact(strayArtifact(attempt));
          throw new TaskFailure('fault.drawn', 'This attempt fails.', true, RETRY_AFTER_SECONDS);
        }
      }
      if (drawn > 1 - SLOW_SHARE) {
        await delay(clock, leaseSeconds * SLOWER_THAN_LEASE * 1000, context.signal);
        context.signal.throwIfAborted();
      }
      await context.putArtifact({
        name: ARTIFACT_NAME,
        contentType: 'application/octet-stream',
        body: artifactOf(task, attempt),
      });
      return { bestConfigIds: bestOf(rows), resultCount: total, processedCount: total };
    },
  };
}
