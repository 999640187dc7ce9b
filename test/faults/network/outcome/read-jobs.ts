import { buffer } from 'node:stream/consumers';
import type { ArtifactObject, ForemanClient, Job, ResultRow, Task } from '@foreman/client';
import { sha256Hex } from '@foreman/kernel';
import { inParallel } from '../in-parallel';
import { ARTIFACT_NAME } from '../work/attempt-output';

/** One job as a service sees it. */
export interface JobSeen {
  readonly job: Job;
  /** By index. */
  readonly tasks: readonly Task[];
  readonly rows: readonly ResultRow[];
  readonly artifacts: readonly ArtifactObject[];
  /** Of the bytes as downloaded, by the artifact's name. */
  readonly sha256ByName: ReadonlyMap<string, string>;
}

const READERS = 8;

/** Reads all of these jobs over HTTP. */
export async function readJobs(
  client: ForemanClient,
  jobIds: readonly string[],
): Promise<JobSeen[]> {
  return inParallel(READERS, jobIds, (jobId) => readJob(client, jobId));
}

async function readJob(client: ForemanClient, jobId: string): Promise<JobSeen> {
  const job = await client.get(jobId);
  const tasks = await all(client.tasks(jobId));
  const rows = await all(client.streamResults(jobId));
  const artifacts = await all(client.artifacts(jobId));
  const sha256ByName = new Map<string, string>();
  for (const artifact of artifacts) {
    if (!artifact.name.endsWith(ARTIFACT_NAME)) continue;
    const bytes = await buffer(client.downloadArtifact(jobId, artifact));
    sha256ByName.set(artifact.name, sha256Hex(bytes));
  }
  return { job, tasks, rows, artifacts, sha256ByName };
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
