import { createHash } from 'node:crypto';
import type { Server } from 'node:http';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { ReadConnection } from '@foreman/database';
import {
  type Answer,
  GatewayClient,
  type InProcessGateway,
  type TestEdge,
  startInProcess,
} from '../harness';

/** What a proxy before the gateway takes off the path. */
const PREFIX = 'https://foreman.example/team-7';
/** Too many for one packet, and for one row. */
export const BYTES = Buffer.alloc(300_000, 'equity,');

export interface Task {
  readonly taskId: string;
  readonly jobId: string;
  readonly leaseToken: string;
}

interface Issued {
  readonly url: string;
  readonly method: string;
  readonly headers?: Record<string, string>;
  readonly expiresAt: string;
}

/** A URL as the gateway gave it, and its path as the proxy passes it on. */
export type SignedUrl = Issued & { readonly path: string };

export const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** A gateway behind a proxy with a path prefix, a service and an edge. */
export class SignedGateway {
  private constructor(
    private readonly running: InProcessGateway,
    /** Speaks to the gateway as the proxy does. */
    readonly gateway: GatewayClient,
    readonly service: string,
    readonly edge: TestEdge,
  ) {}

  static async start(): Promise<SignedGateway> {
    const running = await startInProcess({ publicUrl: PREFIX });
    const server: Server = running.app.getHttpServer();
    const { port } = server.address() as AddressInfo;
    const gateway = new GatewayClient(`http://127.0.0.1:${port}`, running.adminToken);
    const service = await gateway.makeApiKey('jobs:read', 'jobs:write');
    return new SignedGateway(running, gateway, service, await gateway.enrolEdge(['study']));
  }

  stop(): Promise<void> {
    return this.running.stop();
  }

  async submit(): Promise<string> {
    const options = { token: this.service, body: { kind: 'study', payload: {} } };
    return (await this.gateway.call<{ id: string }>('POST', '/jobs', options)).body.id;
  }

  async lease(): Promise<Task> {
    const options = { token: this.edge.token, body: {} };
    return (await this.gateway.call<Task>('POST', '/internal/edges/tasks/next', options)).body;
  }

  async leased(): Promise<Task> {
    await this.submit();
    return this.lease();
  }

  /** A call of the edge about its task. */
  atEdge(method: string, path: string, task: Task, body: unknown, type?: string): Promise<Answer> {
    return this.gateway.call(method, `/internal/edges/tasks/${task.taskId}/${path}`, {
      token: this.edge.token,
      body,
      headers: { 'Foreman-Lease': task.leaseToken, ...(type ? { 'content-type': type } : {}) },
    });
  }

  /** A completed task with this artifact; answers its job. */
  async completed(name: string, bytes: Buffer, type = 'text/csv'): Promise<string> {
    const task = await this.leased();
    expectStatus(await this.atEdge('PUT', `artifacts/${name}`, task, bytes, type), 201);
    expectStatus(await this.atEdge('POST', 'complete', task, {}), 200);
    return task.jobId;
  }

  async downloadUrl(jobId: string, name: string, body: object = {}): Promise<SignedUrl> {
    const path = `/jobs/${jobId}/artifacts/${name}/download-url`;
    const answer = await this.gateway.call<Issued>('POST', path, { token: this.service, body });
    expectStatus(answer, 200);
    return behindProxy(answer.body);
  }

  async uploadUrl(task: Task, name: string, body: object): Promise<SignedUrl> {
    const answer = await this.atEdge('POST', `artifacts/${name}/upload-url`, task, body);
    expectStatus(answer, 200);
    return behindProxy(answer.body as unknown as Issued);
  }

  /** Status and code of a refusal. */
  async problem(method: string, path: string, options = {}): Promise<[number, unknown]> {
    const { status, body } = await this.gateway.call(method, path, options);
    return [status, body['code']];
  }

  /** Sends the head of an upload alone; the connection ends with its answer. */
  begin(path: string, length: number): Socket {
    const { hostname, port } = new URL(this.gateway.baseUrl);
    const socket = connect(Number(port), hostname);
    socket.write(
      `PUT ${path} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n` +
        `Content-Type: text/csv\r\nContent-Length: ${length}\r\n\r\n`,
    );
    return socket;
  }

  /** Whether bytes of an upload are being stored. */
  async isUploading(): Promise<boolean> {
    const sql = 'SELECT key FROM blobs WHERE size IS NULL AND released_at IS NULL';
    return (await this.running.app.get(ReadConnection).query(sql)).length > 0;
  }
}

function behindProxy(issued: Issued): SignedUrl {
  if (!issued.url.startsWith(`${PREFIX}/signed/`)) throw new Error(`Not signed: ${issued.url}`);
  return { ...issued, path: issued.url.slice(PREFIX.length) };
}

function expectStatus({ status, text }: { status: number; text: string }, expected: number): void {
  if (status !== expected) throw new Error(`Expected ${expected}, got ${status}: ${text}`);
}
