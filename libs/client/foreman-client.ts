import type { Readable } from 'node:stream';
import { ndjsonValues } from '@foreman/gateway-http';
import type { GatewayAnswer } from '@foreman/gateway-http';
import { AlreadyGone, unlessGone } from './already-gone';
import type { Gone } from './already-gone';
import { downloadArtifact } from './artifact-download';
import type { DownloadOptions } from './artifact-download';
import type { CallOptions, ForemanClientOptions, SubmitOptions } from './foreman-client.options';
import { waitForFinalized } from './finalized-wait';
import type { WaitOptions } from './finalized-wait';
import { GatewaySession } from './gateway-session';
import { uploadInput } from './input-upload';
import type { InputBytes, InputOptions } from './input-upload';
import { liveEvents } from './live-events';
import type { LiveOptions, ReceivedLiveEvent } from './live-events';
import type {
  ArtifactObject,
  Delivery,
  DownloadUrl,
  Explanation,
  Input,
  Job,
  JobFilter,
  JobRequest,
  ResultQuery,
  ResultRow,
  ResultSummary,
  SubmittedJob,
  Task,
} from './protocol.types';

export interface ListOptions extends CallOptions {
  /** Items a page (1..500): how many are fetched at a time. */
  readonly pageSize?: number;
}

/** A part of an artifact: bytes `start` to `end`, both included, or to its end. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number;
}

/**
 * What a service does with a gateway. Every method throws `GatewayProblem` for a refusal (match on its `code`),
 * `ConnectionFailure` when the gateway could not be reached in all its tries, or the signal's reason.
 */
export class ForemanClient {
  private readonly session: GatewaySession;

  constructor(options: ForemanClientOptions) {
    this.session = new GatewaySession(options);
  }

  /**
   * Submits a job once, however often its answer is lost. @throws AlreadyGone when a key of your own was used before,
   * and its job was deleted or pruned since
   */
  async submit(job: JobRequest, options: SubmitOptions = {}): Promise<SubmittedJob> {
    const call = this.submission(options);
    return unlessGone(await this.session.post<SubmittedJob | Gone>('/jobs', job, call));
  }

  /** Submits 1..1000 jobs, all or none. @throws AlreadyGone as `submit`, with the `items` that are there */
  async submitBatch(
    jobs: readonly JobRequest[],
    options: SubmitOptions = {},
  ): Promise<SubmittedJob[]> {
    const { items, gone = [] } = await this.session.post<
      { readonly items: SubmittedJob[] } & Partial<Gone>
    >('/jobs/batch', { jobs }, this.submission(options));
    if (gone.length > 0) throw new AlreadyGone(gone, items);
    return items;
  }

  /**
   * Uploads what is too large for a payload, or no JSON; jobs then name it by its id: `inputs: [{name, inputId}]`.
   * Stored when it settles, or `GatewayProblem` says why not (`artifact.too_large`, `server.storage_full`, ...).
   */
  uploadInput(bytes: InputBytes, options: InputOptions): Promise<Input> {
    return uploadInput(this.session, bytes, options);
  }

  /** `input.not_found` once its time is over, unless a job names it. */
  getInput(inputId: string, { signal }: CallOptions = {}): Promise<Input> {
    return this.session.call({ method: 'GET', path: inputPath(inputId), signal });
  }

  /** No new job can name it; those that do keep it. */
  deleteInput(inputId: string, { signal }: CallOptions = {}): Promise<void> {
    return this.session.remove(inputPath(inputId), signal);
  }

  get(jobId: string, { signal }: CallOptions = {}): Promise<Job> {
    return this.session.call({ method: 'GET', path: jobPath(jobId), signal });
  }

  /** Jobs, newest first. */
  list(filter: JobFilter = {}, { pageSize, signal }: ListOptions = {}): AsyncGenerator<Job, void> {
    return this.session.items('/jobs', { ...filter, limit: pageSize }, signal);
  }

  /** Finalizes the job at once; repeating it is harmless. `job.finalized` for a completed or failed one. */
  cancel(jobId: string, { signal }: CallOptions = {}): Promise<Job> {
    return this.session.post(`${jobPath(jobId)}/cancel`, {}, { signal });
  }

  /** Queues a failed or cancelled job's unfinished tasks again. */
  retry(jobId: string, { signal }: CallOptions = {}): Promise<Job> {
    return this.session.post(`${jobPath(jobId)}/retry`, {}, { signal });
  }

  /** Cancels the job if need be, and hides it at once. */
  delete(jobId: string, { signal }: CallOptions = {}): Promise<void> {
    return this.session.remove(jobPath(jobId), signal);
  }

  /** Keeps the job from retention. */
  async pin(jobId: string, { signal }: CallOptions = {}): Promise<void> {
    await this.session.call({ method: 'POST', path: `${jobPath(jobId)}/pin`, signal });
  }

  /** Gives the job back to retention, in an hour at the earliest. */
  unpin(jobId: string, { signal }: CallOptions = {}): Promise<void> {
    return this.session.remove(`${jobPath(jobId)}/pin`, signal);
  }

  tasks(jobId: string, { pageSize, signal }: ListOptions = {}): AsyncGenerator<Task, void> {
    return this.session.items(`${jobPath(jobId)}/tasks`, { limit: pageSize }, signal);
  }

  /** Why the job is not running. */
  explain(jobId: string, { signal }: CallOptions = {}): Promise<Explanation> {
    return this.session.call({ method: 'GET', path: `${jobPath(jobId)}/explain`, signal });
  }

  /**
   * Result rows, page by page; rows are there while the job still runs. Those that come after the first page are left out;
   * `results.dropped` when a new attempt has begun without those that it was of.
   */
  results(
    jobId: string,
    { pageSize, signal, ...rows }: ResultQuery & ListOptions = {},
  ): AsyncGenerator<ResultRow, void> {
    const query = { ...queryOf(rows), limit: pageSize };
    return this.session.items(`${jobPath(jobId)}/results`, query, signal);
  }

  /** How many result rows there are, and what their metrics are like. */
  summarizeResults(
    jobId: string,
    { where, signal }: Pick<ResultQuery, 'where'> & CallOptions = {},
  ): Promise<ResultSummary> {
    const path = `${jobPath(jobId)}/results/summary`;
    return this.session.call({ method: 'GET', path, query: { where }, signal });
  }

  /** All result rows in one streamed answer; for many of them. Throws `ConnectionFailure` if it is cut off. */
  async *streamResults(
    jobId: string,
    options: ResultQuery & CallOptions = {},
  ): AsyncGenerator<ResultRow, void> {
    const body = await this.exportResults(jobId, 'ndjson', options);
    yield* ndjsonValues<ResultRow>(body, options.signal);
  }

  /** All result rows as text, to be piped on; read it to its end or destroy it. It errors if it is cut off. */
  async exportResults(
    jobId: string,
    format: 'ndjson' | 'csv',
    { signal, ...rows }: ResultQuery & CallOptions = {},
  ): Promise<Readable> {
    const { body } = await this.session.stream({
      method: 'GET',
      path: `${jobPath(jobId)}/results`,
      query: queryOf(rows),
      headers: { accept: format === 'csv' ? 'text/csv' : 'application/x-ndjson' },
      signal,
    });
    return body;
  }

  /** Those whose names begin with `prefix`, or all. */
  artifacts(
    jobId: string,
    { pageSize, prefix, signal }: ListOptions & { readonly prefix?: string } = {},
  ): AsyncGenerator<ArtifactObject, void> {
    return this.session.items(`${jobPath(jobId)}/artifacts`, { limit: pageSize, prefix }, signal);
  }

  /**
   * The bytes of an artifact, as a stream that ends only if they are the ones that the artifact object promises
   * (size and SHA-256); a connection that breaks is taken up where it broke. Throws `ArtifactCorrupted` into the
   * stream otherwise. Fetched by name from this client's gateway: the object's `url` is never followed.
   */
  downloadArtifact(
    jobId: string,
    artifact: Pick<ArtifactObject, 'name' | 'size' | 'sha256'>,
    options: DownloadOptions = {},
  ): Readable {
    return downloadArtifact(this.session, artifactPath(jobId, artifact.name), artifact, options);
  }

  /** One answer of the gateway about an artifact's bytes, or a range of them, with its headers; not verified. */
  openArtifact(
    jobId: string,
    name: string,
    { range, signal }: CallOptions & { readonly range?: ByteRange } = {},
  ): Promise<GatewayAnswer<Readable>> {
    const headers = range === undefined ? {} : { range: `bytes=${range.start}-${range.end ?? ''}` };
    const path = artifactPath(jobId, name);
    return this.session.stream({
      method: 'GET',
      path,
      headers: { accept: '*/*', ...headers },
      signal,
    });
  }

  /** A URL of these very bytes for somebody without an API key; `expiresSeconds`: 1..604800, an hour by default. */
  issueDownloadUrl(
    jobId: string,
    name: string,
    { expiresSeconds, signal }: CallOptions & { readonly expiresSeconds?: number } = {},
  ): Promise<DownloadUrl> {
    const path = `${artifactPath(jobId, name)}/download-url`;
    return this.session.post(path, { expiresSeconds }, { signal });
  }

  /** Webhook deliveries of this job, with their attempts. */
  deliveries(
    jobId: string,
    { pageSize, signal }: ListOptions = {},
  ): AsyncGenerator<Delivery, void> {
    return this.session.items(`${jobPath(jobId)}/deliveries`, { limit: pageSize }, signal);
  }

  /**
   * What happens to the job, as it happens, until it is finalized; over as many connections as it takes.
   * Each iteration holds one of this client's `connections` all the time.
   */
  events(jobId: string, options: LiveOptions = {}): AsyncGenerator<ReceivedLiveEvent, void> {
    return liveEvents(this.session, `${jobPath(jobId)}/events`, options);
  }

  /** Asks until the job is completed, failed or cancelled. A webhook tells it sooner and costs less. */
  waitForFinalized(jobId: string, options: WaitOptions = {}): Promise<Job> {
    return waitForFinalized(this.session, () => this.get(jobId, options), options);
  }

  /** Ends the kept-alive connections once the running calls are done. */
  close(): Promise<void> {
    return this.session.close();
  }

  private submission({ idempotencyKey, signal }: SubmitOptions) {
    // Made once per call: all of its retries carry the same one.
    const key = idempotencyKey ?? this.session.ids.uuid();
    return { headers: { 'idempotency-key': key }, signal };
  }
}

function queryOf({ sort, order, where, fields }: ResultQuery) {
  return { sort, order, where, fields: fields?.join(',') };
}

function inputPath(inputId: string): string {
  return `/inputs/${encodeURIComponent(inputId)}`;
}

function jobPath(jobId: string): string {
  return `/jobs/${encodeURIComponent(jobId)}`;
}

function artifactPath(jobId: string, name: string): string {
  return `${jobPath(jobId)}/artifacts/${encodeURIComponent(name)}`;
}
