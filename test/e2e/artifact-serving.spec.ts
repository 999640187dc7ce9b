import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { IncomingHttpHeaders } from 'node:http';
import { sha256Hex } from '@foreman/kernel';
import { CONDITION_CASES, NEGOTIATION_CASES } from './artifact-serving/condition-cases';
import { RANGE_CASES } from './artifact-serving/range-cases';
import { ARTIFACTS, type Headers, type ServingCase } from './artifact-serving/serving-case';
import { type InProcessGateway, startInProcess } from './harness';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const CASES = [...RANGE_CASES, ...CONDITION_CASES, ...NEGOTIATION_CASES];
const CODES = { 412: 'artifact.precondition_failed', 416: 'artifact.range_not_satisfiable' };

describe('artifacts over HTTP, by RFC 9110', () => {
  let gateway: InProcessGateway;
  let service: string;
  let jobId: string;

  beforeAll(async () => {
    gateway = await startInProcess();
    service = await gateway.makeApiKey('jobs:read', 'jobs:write');
    const edge = await gateway.enrolEdge(['study']);
    await gateway.call('POST', '/jobs', { token: service, body: { kind: 'study' } });
    const { body: task } = await gateway.call<{
      taskId: string;
      jobId: string;
      leaseToken: string;
    }>('POST', '/internal/edges/tasks/next', { token: edge.token, body: {} });
    const atTask = { token: edge.token, headers: { 'Foreman-Lease': task.leaseToken } };
    const path = `/internal/edges/tasks/${task.taskId}`;
    for (const [name, body] of Object.entries(ARTIFACTS)) {
      const headers = { ...atTask.headers, 'content-type': 'text/csv' };
      await gateway.call('PUT', `${path}/artifacts/${name}`, { ...atTask, headers, body });
    }
    await gateway.call('POST', `${path}/complete`, { ...atTask, body: {} });
    jobId = task.jobId;
  });
  afterAll(() => gateway.stop());

  /** By node:http: fetch would add headers of its own, and unpack what is coded. */
  async function ask(method: string, name: string, send: Headers): Promise<Answer> {
    const { hostname, port } = new URL(gateway.baseUrl);
    const headers: Record<string, string | string[]> = { authorization: `Bearer ${service}` };
    for (const [header, value] of Object.entries(send)) {
      headers[header] = typeof value === 'string' ? value : [...value];
    }
    const path = `/jobs/${jobId}/artifacts/${name}`;
    return new Promise((resolve, reject) => {
      const sent = request({ hostname, port, method, path, headers, agent: false });
      sent.on('error', reject);
      sent.on('response', (response) => {
        const { statusCode: status = 0, headers: received } = response;
        buffer(response).then((body) => resolve({ status, headers: received, body }), reject);
      });
      sent.end();
    });
  }

  it('has sixty cases and more, each another one', () => {
    const requests = CASES.map(({ of, method, send }) => JSON.stringify([of, method, send]));
    expect(new Set(requests).size).toBe(CASES.length);
    expect(CASES.length).toBeGreaterThanOrEqual(60);
  });

  it.each(CASES)('$section $method $of: $what -> $status', async (it) => {
    const answer = await ask(it.method, it.of, it.send);
    expect(answer.status).toBe(it.status);
    expectHeaders(it, answer);
    expectBody(it, answer);
  });

  it.each(['text', 'empty', 'large'])('9.3.2 HEAD of %s tells what GET tells', async (name) => {
    const [head, get] = [await ask('HEAD', name, {}), await ask('GET', name, {})];
    const lasting = ({ date: _date, 'x-request-id': _id, ...headers }: IncomingHttpHeaders) =>
      headers;
    expect(lasting(head.headers)).toEqual(lasting(get.headers));
  });

  it.each([
    ['If-None-Match: *', { 'if-none-match': '*' }],
    ['If-Match: *', { 'if-match': '*' }],
    ['a range', { range: 'bytes=0-1' }],
  ])('13.2.1 what is not there is 404, with %s too', async (_what, send) => {
    expect((await ask('GET', 'nothing', send)).status).toBe(404);
    expect((await ask('HEAD', 'nothing', send)).status).toBe(404);
  });

  it('13.2.1 who may not ask is told so, whatever the conditions', async () => {
    const path = `/jobs/${jobId}/artifacts/text`;
    const headers = { 'if-match': '"x"', range: 'bytes=99-' };
    expect((await gateway.call('GET', path, { headers })).status).toBe(401);
  });
});

function expectHeaders({ of, status, part }: ServingCase, { headers }: Answer): void {
  const { length: size } = ARTIFACTS[of];
  const etag = `"${sha256Hex(ARTIFACTS[of])}"`;
  expect(headers).not.toHaveProperty('content-encoding');
  expect(headers).not.toHaveProperty('last-modified');
  expect(headers).toHaveProperty('date');
  expect(headers['content-range']).toBe(contentRange(status, size, part));
  // 15.4.5, 15.3.7: what a cache needs goes with 304 and 206 as with 200.
  if (status < 400) {
    expect(headers).toMatchObject({ etag, 'cache-control': 'private, no-cache' });
  }
  if (status === 200 || status === 206) {
    const [first, last] = part ?? [0, size - 1];
    expect(headers).toMatchObject({
      'content-length': String(last - first + 1),
      'accept-ranges': 'bytes',
      'content-type': 'text/csv',
      'repr-digest': `sha-256=:${Buffer.from(sha256Hex(ARTIFACTS[of]), 'hex').toString('base64')}:`,
    });
    expect(headers).not.toHaveProperty('transfer-encoding');
  }
}

/** 14.4: with a 206 the part, with a 416 the size, else none. */
function contentRange(status: number, size: number, part: ServingCase['part']): string | undefined {
  if (status === 416) return `bytes */${size}`;
  return part && `bytes ${part[0]}-${part[1]}/${size}`;
}

function expectBody({ of, method, status, part }: ServingCase, { body }: Answer): void {
  if (method === 'HEAD' || status === 304) {
    expect(body).toHaveLength(0);
    return;
  }
  if (status === 412 || status === 416) {
    expect(JSON.parse(String(body))).toMatchObject({ status, code: CODES[status] });
    return;
  }
  const [first, last] = part ?? [0, ARTIFACTS[of].length - 1];
  expect(body.equals(ARTIFACTS[of].subarray(first, last + 1))).toBe(true);
}
