import { Readable } from 'node:stream';
import { ConnectionFailure, GatewayHttp, ndjsonValues, reprDigest } from '@foreman/gateway-http';
import type { GatewayAnswer, GatewayCall, GatewayHttpOptions } from '@foreman/gateway-http';
import { sha256Hex } from '@foreman/kernel';
import { ndjsonLines } from './row-batches';
import type {
  ArtifactObject,
  CompleteAnswer,
  CompleteRequest,
  EdgeHeartbeat,
  EdgeHeartbeatAnswer,
  EnrolAnswer,
  EnrolRequest,
  FailAnswer,
  FailRequest,
  LeasedTask,
  PollRequest,
  ReleaseAnswer,
  ResultRow,
  ResultsAnswer,
  StoredConfig,
  TaskHeartbeat,
  TaskHeartbeatAnswer,
  UploadUrl,
  UploadUrlRequest,
} from './protocol.types';

/** What a call about a task needs to know of it. */
export type HeldTask = Pick<LeasedTask, 'taskId' | 'leaseToken'>;

/** `tasks` is empty when there was nothing to lease; then `retryAfterSeconds` may ask for patience. */
export interface PollAnswer {
  readonly tasks: readonly LeasedTask[];
  readonly retryAfterSeconds: number | null;
}

const FACE = '/internal/edges';
/** A parked poll answers after its wait; the network gets this much on top before the call counts as lost. */
const POLL_SLACK_MS = 15_000;
/** A heartbeat that takes longer is better sent again: the lease is at stake. */
const HEARTBEAT_TIMEOUT_MS = 10_000;
/** Eight MiB of payload and inlined inputs a task, twice over. */
const MAX_TASK_BYTES = 16 * 1024 * 1024;

/**
 * Every call of the contract's edge face, once each and typed; whether to retry is the caller's business.
 * All of them throw `GatewayProblem` (by code: `lease.lost`, `auth.invalid`, ...), `ConnectionFailure`,
 * or the signal's reason.
 */
export class EdgeConnection {
  private readonly http: GatewayHttp;

  /** The token is the edge's own (`fme_`), or for `enrol` alone an enrolment token (`fmn_`). */
  constructor(options: GatewayHttpOptions) {
    this.http = new GatewayHttp(options);
  }

  /** Exchanges the enrolment token for the edge's own; may be repeated until that one is first used. */
  async enrol(request: EnrolRequest, signal?: AbortSignal): Promise<EnrolAnswer> {
    return this.post('enroll', request, { signal });
  }

  /** Leases one task. The same key and request again answer the same lease, or 409 `idempotency.ended`. */
  async nextTask(
    request: PollRequest,
    idempotencyKey: string,
    signal?: AbortSignal,
  ): Promise<PollAnswer> {
    const { body, retryAfterSeconds } = await this.poll<LeasedTask>(
      'tasks/next',
      request,
      1,
      idempotencyKey,
      signal,
    );
    return { retryAfterSeconds, tasks: body === null ? [] : [body] };
  }

  /** Leases up to `max` (1..100) tasks in one call; a repeat answers those whose lease still lives. */
  async leaseTasks(
    request: PollRequest & { readonly max: number },
    idempotencyKey: string,
    signal?: AbortSignal,
  ): Promise<PollAnswer> {
    const { body, retryAfterSeconds } = await this.poll<{ items: LeasedTask[] }>(
      'tasks/lease',
      request,
      request.max,
      idempotencyKey,
      signal,
    );
    return { retryAfterSeconds, tasks: body?.items ?? [] };
  }

  /** Extends one lease and reports its progress. */
  async heartbeatTask(
    task: HeldTask,
    report: TaskHeartbeat,
    signal?: AbortSignal,
  ): Promise<TaskHeartbeatAnswer> {
    return this.post(`${taskPath(task)}/heartbeat`, report, {
      headers: leaseHeader(task),
      timeoutMs: HEARTBEAT_TIMEOUT_MS,
      signal,
    });
  }

  /** Extends all the given leases at once; with none it only asks what the edge should do. */
  async heartbeat(report: EdgeHeartbeat, signal?: AbortSignal): Promise<EdgeHeartbeatAnswer> {
    return this.post('heartbeat', report, { timeoutMs: HEARTBEAT_TIMEOUT_MS, signal });
  }

  /** Posts one encoded batch (see `rowBatches`). A repeat with its key stores nothing once the first was accepted. */
  async postRowBatch(
    task: HeldTask,
    body: string | Buffer,
    idempotencyKey: string,
    signal?: AbortSignal,
  ): Promise<ResultsAnswer> {
    const { body: answer } = await this.http.json<ResultsAnswer>({
      method: 'POST',
      path: `${FACE}/${taskPath(task)}/results`,
      headers: { ...leaseHeader(task), 'idempotency-key': idempotencyKey },
      contentType: 'application/json',
      body,
      signal,
    });
    return required(answer);
  }

  /** Streams any number of rows as NDJSON in one call; a retry must begin with the first row again. */
  async streamRows(
    task: HeldTask,
    rows: AsyncIterable<ResultRow> | Iterable<ResultRow>,
    idempotencyKey: string,
    signal?: AbortSignal,
  ): Promise<ResultsAnswer> {
    const { body: answer } = await this.http.json<ResultsAnswer>({
      method: 'POST',
      path: `${FACE}/${taskPath(task)}/results`,
      headers: { ...leaseHeader(task), 'idempotency-key': idempotencyKey },
      contentType: 'application/x-ndjson',
      body: Readable.from(ndjsonLines(rows)),
      signal,
    });
    return required(answer);
  }

  /**
   * The configs whose rows count for this lease, in the order of arrival, with those of the named metrics that
   * they have. Throws `ConnectionFailure` when the list is cut off: then what came was not all.
   */
  async *resultIds(
    task: HeldTask,
    metrics: readonly string[] = [],
    signal?: AbortSignal,
  ): AsyncGenerator<StoredConfig, void> {
    const { body } = await this.http.stream({
      method: 'GET',
      path: `${FACE}/${taskPath(task)}/results/ids`,
      query: { metrics },
      headers: leaseHeader(task),
      signal,
    });
    yield* ndjsonValues<StoredConfig>(body, signal);
  }

  /** Opens an input's bytes, or with `range` and `if-range` a part of them; not verified (see `InputFiles`). */
  async openInput(
    task: HeldTask,
    name: string,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<GatewayAnswer<Readable>> {
    const path = `${FACE}/${taskPath(task)}/inputs/${encodeURIComponent(name)}`;
    const all = { ...headers, ...leaseHeader(task) };
    return this.http.stream({ method: 'GET', path, headers: all, signal });
  }

  /**
   * Stages an artifact under its digest (`Repr-Digest`); other bytes under the same name replace it. A repeat with its
   * key replaces nothing once the first was accepted, and answers what is staged then.
   */
  async putArtifact(
    task: HeldTask,
    artifact: { name: string; contentType: string; body: Buffer },
    idempotencyKey: string,
    signal?: AbortSignal,
  ): Promise<ArtifactObject> {
    const { body: answer } = await this.http.json<ArtifactObject>({
      method: 'PUT',
      path: `${FACE}/${taskPath(task)}/artifacts/${encodeURIComponent(artifact.name)}`,
      headers: {
        ...leaseHeader(task),
        'idempotency-key': idempotencyKey,
        'repr-digest': reprDigest(sha256Hex(artifact.body)),
      },
      contentType: artifact.contentType,
      body: artifact.body,
      signal,
    });
    return required(answer);
  }

  /** A URL that stages an artifact without this edge's token, while the lease lives. */
  async uploadUrl(
    task: HeldTask,
    name: string,
    request: UploadUrlRequest,
    signal?: AbortSignal,
  ): Promise<UploadUrl> {
    const path = `${taskPath(task)}/artifacts/${encodeURIComponent(name)}/upload-url`;
    return this.post(path, request, { headers: leaseHeader(task), signal });
  }

  /** Finishes the task; with `leaseNext` the answer may carry the next lease. */
  async complete(
    task: HeldTask,
    request: CompleteRequest,
    leaseNext: boolean,
    signal?: AbortSignal,
  ): Promise<CompleteAnswer> {
    return this.post(`${taskPath(task)}/complete`, request, {
      headers: leaseHeader(task),
      query: leaseNext ? { next: true } : {},
      maxResponseBytes: MAX_TASK_BYTES,
      signal,
    });
  }

  /** Ends the attempt as failed; the gateway decides whether another one follows. */
  async fail(task: HeldTask, request: FailRequest, signal?: AbortSignal): Promise<FailAnswer> {
    return this.post(`${taskPath(task)}/fail`, request, { headers: leaseHeader(task), signal });
  }

  /** Hands the lease back; the attempt is not burnt. */
  async release(task: HeldTask, signal?: AbortSignal): Promise<ReleaseAnswer> {
    return this.post(`${taskPath(task)}/release`, {}, { headers: leaseHeader(task), signal });
  }

  /** The signed manifest that this edge should run, or null. Its signature is not checked here. */
  async currentRelease(
    query: { channel?: string; platform?: string },
    signal?: AbortSignal,
  ): Promise<unknown> {
    const path = `${FACE}/releases/current`;
    return (await this.http.json<unknown>({ method: 'GET', path, query, signal })).body;
  }

  /** Closes the kept-alive connections once the running calls are done. */
  async close(): Promise<void> {
    await this.http.close();
  }

  private async poll<T>(
    path: string,
    request: PollRequest,
    mostTasks: number,
    idempotencyKey: string,
    signal?: AbortSignal,
  ): Promise<{ body: T | null; retryAfterSeconds: number | null }> {
    const { body, headers } = await this.http.json<T>({
      method: 'POST',
      path: `${FACE}/${path}`,
      headers: { 'idempotency-key': idempotencyKey },
      contentType: 'application/json',
      body: JSON.stringify(request),
      timeoutMs: (request.waitSeconds ?? 0) * 1000 + POLL_SLACK_MS,
      maxResponseBytes: mostTasks * MAX_TASK_BYTES,
      signal,
    });
    const retryAfter = Number(headers['retry-after'] ?? NaN);
    return { body, retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : null };
  }

  private async post<T>(path: string, body: object, call: Partial<GatewayCall>): Promise<T> {
    const answer = await this.http.json<T>({
      ...call,
      method: 'POST',
      path: `${FACE}/${path}`,
      contentType: 'application/json',
      body: JSON.stringify(body),
    });
    return required(answer.body);
  }
}

function taskPath(task: HeldTask): string {
  return `tasks/${encodeURIComponent(task.taskId)}`;
}

function leaseHeader(task: HeldTask): Record<string, string> {
  return { 'foreman-lease': String(task.leaseToken) };
}

function required<T>(body: T | null): T {
  if (body === null) throw new ConnectionFailure('the gateway answered with an empty body');
  return body;
}
