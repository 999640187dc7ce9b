import { sha256Hex } from '@foreman/kernel';
import { request } from 'undici';
import type { GatewayLink, Work } from './gateway-link';
import { jsonOf, send, type HttpCall } from './http-answer';
import type { KillTrigger } from './kill-trigger';
import { GivenUp, piecesOf } from './pieces';

/** What an edge knows of the task that it holds. */
export interface HeldTask {
  readonly taskId: string;
  readonly jobId: string;
  readonly taskIndex: number;
  readonly leaseToken: string;
}

/** As `complete` takes it: by digest, or with its text. */
export type DeclaredArtifact =
  | { readonly name: string; readonly sha256: string }
  | { readonly name: string; readonly content_type: string; readonly inline: string };

const CONTENT_TYPE = 'application/octet-stream';

/** The calls of an edge with nothing but an HTTP client; each is made until it is answered. */
export class EdgeCalls {
  constructor(
    private readonly link: GatewayLink,
    private readonly trigger: KillTrigger,
    private readonly token: string,
  ) {}

  /** The next task of the one job that this edge can run. */
  async lease(key: string): Promise<HeldTask> {
    const path = '/internal/edges/tasks/next';
    const call = { method: 'POST', path, token: this.token, body: {} } as const;
    const headers = { 'idempotency-key': key };
    const answer = await this.link.untilAnswered('other', (baseUrl) =>
      send(baseUrl, { ...call, headers }),
    );
    return jsonOf<HeldTask>(answer, 200);
  }

  /** Of the bytes as they were read. */
  async inputSha256(task: HeldTask, name: string): Promise<string> {
    return this.link.untilAnswered('other', async (baseUrl) => {
      const { path, headers } = this.about(task, `inputs/${name}`);
      const { statusCode, body } = await request(baseUrl + path, {
        headers: { ...headers, authorization: `Bearer ${this.token}` },
      });
      const bytes = Buffer.from(await body.arrayBuffer());
      return statusCode === 200 ? sha256Hex(bytes) : `${statusCode}: ${bytes.toString()}`;
    });
  }

  async upload(task: HeldTask, name: string, bytes: Buffer): Promise<void> {
    await this.put(
      'upload',
      { ...this.about(task, `artifacts/${name}`), token: this.token },
      bytes,
    );
  }

  /** By a URL that needs no bearer token. */
  async uploadSigned(task: HeldTask, name: string, bytes: Buffer): Promise<void> {
    const body = { contentType: CONTENT_TYPE, size: bytes.length };
    const issuing = { ...this.about(task, `artifacts/${name}/upload-url`), token: this.token };
    const issued = await this.link.untilAnswered('other', (baseUrl) =>
      send(baseUrl, { method: 'POST', ...issuing, body }),
    );
    const url = new URL(jsonOf<{ url: string }>(issued, 200).url);
    // Its port may be that of a gateway that was killed since.
    await this.put('signed upload', { path: url.pathname + url.search }, bytes);
  }

  /** Begins to upload, and breaks off in the middle. */
  async giveUp(task: HeldTask, name: string, bytes: Buffer): Promise<void> {
    const call = { ...this.about(task, `artifacts/${name}`), token: this.token };
    await this.link.untilAnswered('upload', (baseUrl) =>
      send(baseUrl, {
        method: 'PUT',
        ...call,
        headers: { ...call.headers, ...lengthAndType(bytes) },
        body: piecesOf(bytes, this.onPiece, () => undefined, bytes.length / 2),
      }).catch((error: unknown) => {
        if (!isGivenUp(error)) throw error;
      }),
    );
  }

  async complete(task: HeldTask, artifacts: readonly DeclaredArtifact[]): Promise<void> {
    const call = { method: 'POST', ...this.about(task, 'complete'), token: this.token } as const;
    const answer = await this.link.untilAnswered('completion', (baseUrl) => {
      this.trigger.pass('completion sent');
      return send(baseUrl, { ...call, body: { processedCount: 1, totalCount: 1, artifacts } });
    });
    this.trigger.pass('completion answered');
    jsonOf(answer, 200);
  }

  private async put(work: Work, call: Omit<HttpCall, 'method'>, bytes: Buffer): Promise<void> {
    const answer = await this.link.untilAnswered(work, (baseUrl) =>
      send(baseUrl, {
        method: 'PUT',
        ...call,
        headers: { ...call.headers, ...lengthAndType(bytes) },
        body: piecesOf(bytes, this.onPiece, () => this.trigger.pass('upload sent')),
      }),
    );
    this.trigger.pass('upload answered');
    jsonOf(answer, 200, 201);
  }

  private readonly onPiece = () => this.trigger.pass('upload piece');

  private about({ taskId, leaseToken }: HeldTask, what: string) {
    const headers = { 'foreman-lease': leaseToken };
    return { path: `/internal/edges/tasks/${taskId}/${what}`, headers };
  }
}

function lengthAndType(bytes: Buffer): Record<string, string> {
  return { 'content-length': String(bytes.length), 'content-type': CONTENT_TYPE };
}

function isGivenUp(error: unknown): boolean {
  return error instanceof GivenUp || (error instanceof Error && error.cause instanceof GivenUp);
}
