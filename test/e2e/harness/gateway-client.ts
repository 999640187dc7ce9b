import { type Answer, type CallOptions, call } from './http-calls';

export interface TestEdge {
  readonly edgeId: string;
  readonly token: string;
  readonly name: string;
}

/** The calls that every e2e test begins with, on any running gateway. */
export class GatewayClient {
  private made = 0;

  constructor(
    readonly baseUrl: string,
    readonly adminToken: string,
  ) {}

  call<T = Record<string, unknown>>(
    method: string,
    path: string,
    options: CallOptions = {},
  ): Promise<Answer<T>> {
    return call<T>(this.baseUrl, method, path, options);
  }

  /** The same with the admin token. */
  asAdmin<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Answer<T>> {
    return this.call<T>(method, path, { token: this.adminToken, body });
  }

  async makeApiKey(...scopes: string[]): Promise<string> {
    this.made += 1;
    const answer = await this.asAdmin<{ token: string }>('POST', '/admin/api-keys', {
      name: `key ${this.made}`,
      scopes,
    });
    return expectStatus(answer, 201).body.token;
  }

  async enrolEdge(
    kinds: readonly string[] = ['strategy-search'],
    labels: Readonly<Record<string, string>> = {},
    name = `edge-${(this.made += 1)}`,
  ): Promise<TestEdge> {
    const enrolment = await this.asAdmin<{ token: string }>('POST', '/admin/enrolments', {});
    const answer = await this.call<{ edgeId: string; token: string }>(
      'POST',
      '/internal/edges/enroll',
      {
        token: expectStatus(enrolment, 201).body.token,
        body: { name, kinds, labels },
      },
    );
    const { edgeId, token } = expectStatus(answer, 201).body;
    return { edgeId, token, name };
  }
}

function expectStatus<T>(answer: Answer<T>, status: number): Answer<T> {
  if (answer.status !== status) {
    throw new Error(`Expected ${status}, got ${answer.status}: ${answer.text}`);
  }
  return answer;
}
