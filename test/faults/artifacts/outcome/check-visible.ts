import { sha256Hex } from '@foreman/kernel';
import { errors, request } from 'undici';
import {
  INPUT_TTL_SECONDS,
  type ExpectedArtifact,
  type InputEntry,
  type JobEntry,
  type Ledger,
} from '../ledger';

/** A way to a gateway while nothing else calls it. */
export interface Viewer {
  readonly baseUrl: string;
  readonly adminToken: string;
  /** Epoch ms, by the gateway's clock. */
  readonly nowMs: number;
}

/** What there was to see. */
export interface Visible {
  readonly findings: readonly string[];
  readonly artifacts: number;
}

interface Shown {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

/** Foreman's own, in every job that has completed. */
const COMPLETION = 'completion';

/**
 * What a service sees of every job of the ledger: bytes are those of their digest and those that were sent, whole or
 * not at all, and what was acknowledged is there. Jobs that are found pruned are noted in the ledger.
 */
export async function checkVisible(viewer: Viewer, ledger: Ledger): Promise<Visible> {
  const findings: string[] = [];
  let artifacts = 0;
  for (const entry of ledger.jobs) {
    if (entry.jobId !== null && !entry.isGone) {
      const seen = await checkJob(viewer, entry, entry.jobId);
      artifacts += seen.artifacts;
      findings.push(...seen.findings.map((finding) => `job ${entry.jobId}: ${finding}`));
    }
    if (entry.input?.id && !entry.input.isGone)
      findings.push(...(await checkInput(viewer, entry.input, entry.input.id, entry)));
  }
  return { findings, artifacts };
}

async function checkJob(viewer: Viewer, entry: JobEntry, jobId: string): Promise<Visible> {
  const job = await get(viewer, `/jobs/${jobId}`);
  const list = await get(viewer, `/jobs/${jobId}/artifacts?limit=500`);
  if (job.status === 404) {
    const until =
      entry.finalAskedMs === null ? Infinity : entry.finalAskedMs + entry.plan.ttlSeconds * 1000;
    entry.isGone = true;
    const findings = [
      ...(viewer.nowMs < until ? ['it is gone before its time'] : []),
      ...(list.status === 404 ? [] : [`it is gone, and its artifacts answer ${list.status}`]),
    ];
    return { findings, artifacts: 0 };
  }
  const { status } = JSON.parse(job.bytes.toString()) as { status: string };
  const shown = (JSON.parse(list.bytes.toString()) as { items: Shown[] }).items;
  const findings: string[] = [];
  for (const artifact of shown) findings.push(...(await checkBytes(viewer, jobId, artifact)));
  return {
    findings: [...findings, ...checkNames(entry, shown), ...checkStatus(entry, status, shown)],
    artifacts: shown.length,
  };
}

async function checkBytes(viewer: Viewer, jobId: string, shown: Shown): Promise<string[]> {
  const answer = await get(viewer, `/jobs/${jobId}/artifacts/${shown.name}`).catch(
    (error: unknown) => (error instanceof errors.SocketError ? null : Promise.reject(error)),
  );
  if (answer === null) return [`the bytes of ${shown.name} are cut off`];
  const { status, bytes } = answer;
  if (status !== 200) return [`${shown.name} is shown, and its bytes answer ${status}`];
  return bytes.length === shown.size && sha256Hex(bytes) === shown.sha256
    ? []
    : [`the bytes of ${shown.name} are not those of its digest`];
}

/** Each task's artifacts as they were sent: all of them once its completion was acknowledged, none before it was sent. */
function checkNames({ tasks, cancellation }: JobEntry, shown: readonly Shown[]): string[] {
  const left = new Map(shown.map((artifact) => [artifact.name, artifact]));
  left.delete(COMPLETION);
  const findings: string[] = [];
  for (const { artifacts, completion } of tasks) {
    const there = artifacts.filter(({ name }) => left.has(name));
    if (completion === 'open' && there.length > 0) {
      findings.push(`${namesOf(there)} can be seen before the completion`);
    }
    if (completion === 'acknowledged' && there.length < artifacts.length) {
      findings.push(`only ${there.length} of ${artifacts.length} acknowledged artifacts are there`);
    }
    if (completion === 'asked' && there.length % artifacts.length !== 0) {
      findings.push(`${namesOf(there)} can be seen, and the others of the task cannot`);
    }
    for (const { name, size, sha256 } of there) {
      const found = left.get(name);
      if (found?.sha256 !== sha256 || found.size !== size)
        findings.push(`${name} is not what was sent`);
      left.delete(name);
    }
  }
  if (cancellation !== 'open' && shown.length > 0)
    findings.push('it was cancelled and has artifacts');
  if (left.size > 0) findings.push(`nobody sent ${[...left.keys()].join(', ')}`);
  return findings;
}

function checkStatus({ tasks, cancellation }: JobEntry, status: string, shown: readonly Shown[]) {
  const hasCompletion = shown.some(({ name }) => name === COMPLETION);
  const isAcknowledged = tasks.every(({ completion }) => completion === 'acknowledged');
  return [
    ...(isAcknowledged && status !== 'completed' ? [`it was completed and is ${status}`] : []),
    ...(cancellation === 'acknowledged' && status !== 'cancelled'
      ? [`it was cancelled and is ${status}`]
      : []),
    ...(hasCompletion === (status === 'completed')
      ? []
      : [`it is ${status}, and its completion ${hasCompletion ? 'is' : 'is not'} there`]),
  ];
}

async function checkInput(
  viewer: Viewer,
  input: InputEntry,
  id: string,
  { isGone: isJobGone }: JobEntry,
): Promise<string[]> {
  const { status, bytes } = await get(viewer, `/inputs/${id}`);
  if (status === 404) {
    const isOver = viewer.nowMs >= (input.askedMs ?? Infinity) + INPUT_TTL_SECONDS * 1000;
    input.isGone = true;
    return input.isDeleted || (isJobGone && isOver) ? [] : [`input ${id} is gone before its time`];
  }
  const { storedAt, sha256 } = JSON.parse(bytes.toString()) as {
    storedAt: string | null;
    sha256: string | null;
  };
  if (storedAt === null)
    return input.storage === 'acknowledged' ? [`input ${id} is not stored`] : [];
  return sha256 === input.sha256 ? [] : [`input ${id} is not what was sent`];
}

async function get({ baseUrl, adminToken }: Viewer, path: string) {
  const answer = await request(baseUrl + path, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  return { status: answer.statusCode, bytes: Buffer.from(await answer.body.arrayBuffer()) };
}

function namesOf(artifacts: readonly ExpectedArtifact[]): string {
  return artifacts.map(({ name }) => name).join(', ');
}
