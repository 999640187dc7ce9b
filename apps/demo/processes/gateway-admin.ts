import { GatewayHttp } from '@foreman/gateway-http';
import type { Clock } from '@foreman/kernel';

export interface EdgeRecord {
  readonly id: string;
  readonly name: string;
}

/** The few things that an administrator does before services and edges can come. */
export class GatewayAdmin {
  private readonly http: GatewayHttp;

  constructor(baseUrl: string, adminToken: string, clock: Clock) {
    this.http = new GatewayHttp({ baseUrl, token: adminToken, clock });
  }

  /** A key for a service that submits jobs and reads them. */
  async makeApiKey(name: string): Promise<string> {
    const scopes = ['jobs:write', 'jobs:read'];
    return (await this.post<{ token: string }>('/admin/api-keys', { name, scopes })).token;
  }

  /** Leave for one machine to become the edge of this name. */
  async makeEnrolment(name: string): Promise<string> {
    const enrolment = { name, kinds: ['strategy-search'] };
    return (await this.post<{ token: string }>('/admin/enrolments', enrolment)).token;
  }

  async edges(): Promise<readonly EdgeRecord[]> {
    const call = { method: 'GET', path: '/admin/edges' } as const;
    const { body } = await this.http.json<{ items: EdgeRecord[] }>(call);
    return body?.items ?? [];
  }

  close(): Promise<void> {
    return this.http.close();
  }

  private async post<T>(path: string, body: unknown): Promise<T> {
    const answer = await this.http.json<T>({
      method: 'POST',
      path,
      contentType: 'application/json',
      body: JSON.stringify(body),
    });
    if (answer.body === null) throw new Error(`POST ${path} answered nothing`);
    return answer.body;
  }
}
