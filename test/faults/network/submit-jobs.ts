import { ForemanClient } from '@foreman/client';
import { inParallel } from './in-parallel';
import { jobRequestOf, type FaultJob } from './work/fault-job';

const SUBMITTERS = 4;
/** Every other so many jobs go in one call. */
const BATCH_JOBS = 10;
/** A job whose submission is not answered would be missing for a reason that is none of this run's. */
const MAX_ATTEMPTS = 30;

/** Submits them all, each under its own idempotency key. Answers their ids, in their order. */
export async function submitJobs(
  baseUrl: string,
  apiKey: string,
  jobs: readonly FaultJob[],
): Promise<string[]> {
  const client = new ForemanClient({ baseUrl, apiKey, maxAttempts: MAX_ATTEMPTS });
  const batches = Array.from({ length: Math.ceil(jobs.length / BATCH_JOBS) }, (_, index) =>
    jobs.slice(index * BATCH_JOBS, (index + 1) * BATCH_JOBS),
  );
  try {
    const ids = await inParallel(SUBMITTERS, batches, (batch, index) =>
      index % 2 === 0 ? submitSingly(client, batch) : submitBatch(client, batch),
    );
    return ids.flat();
  } finally {
    await client.close();
  }
}

async function submitSingly(client: ForemanClient, jobs: readonly FaultJob[]): Promise<string[]> {
  return inParallel(1, jobs, async (job) => {
    const { idempotencyKey } = job;
    return (await client.submit(jobRequestOf(job), { idempotencyKey })).id;
  });
}

async function submitBatch(client: ForemanClient, jobs: readonly FaultJob[]): Promise<string[]> {
  const idempotencyKey = `batch of ${jobs[0]?.idempotencyKey ?? ''}`;
  const submitted = await client.submitBatch(jobs.map(jobRequestOf), { idempotencyKey });
  return submitted.map(({ id }) => id);
}
