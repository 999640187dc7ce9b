import { once } from 'node:events';
import { connect } from 'node:net';
import { BAD_CALLS, JSON_LIMIT_BYTES, KEY } from './bad-calls';
import { type InProcessGateway, sendRaw, startInProcess } from './harness';

/** A start of the whole gateway takes a second, and many times that on a busy machine. */
jest.setTimeout(60_000);

describe('bad input', () => {
  let gateway: InProcessGateway;

  beforeAll(async () => {
    gateway = await startInProcess({ jsonLimitBytes: JSON_LIMIT_BYTES });
  });
  afterAll(() => gateway.stop());

  const state = async () => [
    (await gateway.asAdmin('GET', '/admin/api-keys')).body['items'],
    (await gateway.asAdmin('GET', '/admin/edges')).body['items'],
    (await gateway.asAdmin('GET', '/admin/stats')).body['jobs'],
  ];

  it.each(BAD_CALLS)('$title: $expected', async ({ expected, errorPaths, ...bad }) => {
    const before = await state();
    const path = bad.path ?? '/admin/api-keys';
    const answer = await gateway.call(bad.method ?? 'POST', path, {
      token: gateway.adminToken,
      body: bad.body,
      headers: bad.headers,
    });
    const [status, code] = expected;
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({
      type: `urn:foreman:problem:${code}`,
      title: expect.any(String),
      status,
      detail: expect.any(String),
      code,
      instance: `urn:foreman:request:${answer.headers.get('x-request-id')}`,
    });
    const found = (answer.body['errors'] ?? []) as { path: string; message: string }[];
    for (const errorPath of errorPaths ?? []) {
      expect(found.map((error) => error.path)).toContain(errorPath);
    }
    if (status === 413) expect(answer.body['limitBytes']).toBe(JSON_LIMIT_BYTES);
    expect(answer.text).not.toMatch(/node_modules|\.ts:|\.js:|    at /);
    expect(await state()).toEqual(before);
  });

  describe('that no client library would send', () => {
    const raw = (request: string) => sendRaw(gateway.baseUrl, request);
    const authorized = () => `Authorization: Bearer ${gateway.adminToken}\r\n`;

    it('a path with ../ is no route', async () => {
      const answer = await raw(
        `GET /jobs/../admin/api-keys HTTP/1.1\r\nHost: x\r\n${authorized()}Connection: close\r\n\r\n`,
      );
      expect([answer.status, JSON.parse(answer.body)]).toMatchObject([
        404,
        { code: 'route.not_found' },
      ]);
    });

    it.each([
      ['what is not HTTP', 'hello\r\n\r\n', 400, 'request.invalid'],
      [
        'endless headers',
        `GET / HTTP/1.1\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`,
        413,
        'request.too_large',
      ],
      [
        'two lengths',
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
        400,
        'request.invalid',
      ],
    ])('%s', async (_, request, status, code) => {
      const answer = await raw(request);
      expect([answer.status, JSON.parse(answer.body)]).toMatchObject([status, { status, code }]);
    });

    it('a body shorter than it says, from a caller who hangs up, changes nothing', async () => {
      const before = await state();
      const body = JSON.stringify(KEY);
      await hangUpAfter(
        gateway.baseUrl,
        `POST /admin/api-keys HTTP/1.1\r\nHost: x\r\n${authorized()}Content-Type: application/json\r\nContent-Length: ${body.length + 1}\r\n\r\n${body}`,
      );
      expect(await state()).toEqual(before);
    });
  });

  it('answers a HEAD without a body', async () => {
    const answer = await gateway.call('HEAD', '/nowhere');
    expect([answer.status, answer.text]).toEqual([404, '']);
  });

  it.each([
    ['req-42', true],
    ['a b', false],
    ['x'.repeat(129), false],
    ['<script>', false],
  ])('tells the request id %s again: %s', async (id, isKept) => {
    const answer = await gateway.call('GET', '/nowhere', { headers: { 'x-request-id': id } });
    expect(answer.headers.get('x-request-id') === id).toBe(isKept);
  });
});

/** Sends these bytes and is gone. */
async function hangUpAfter(baseUrl: string, bytes: string): Promise<void> {
  const { hostname, port } = new URL(baseUrl);
  const socket = connect(Number(port), hostname);
  socket.write(bytes, () => socket.destroy());
  await once(socket, 'close');
}
