import { type InProcessGateway, startInProcess } from './harness';

/** A start of the whole gateway takes a second, and many times that on a busy machine. */
jest.setTimeout(60_000);

describe('who is calling', () => {
  let gateway: InProcessGateway;
  const tokens: Record<string, string | null> = { nobody: null };

  beforeAll(async () => {
    gateway = await startInProcess();
    tokens['admin'] = gateway.adminToken;
    tokens['reader'] = await gateway.makeApiKey('jobs:read');
    tokens['writer'] = await gateway.makeApiKey('jobs:write');
    tokens['edge'] = (await gateway.enrolEdge()).token;
    const enrolment = await gateway.asAdmin<{ token: string }>('POST', '/admin/enrolments', {});
    tokens['enrolment'] = enrolment.body.token;
    tokens['stranger'] = `fmk_${'x'.repeat(43)}`;
    tokens['garbage'] = 'garbage';
  });
  afterAll(() => gateway.stop());

  const answerTo = async (who: string, method: string, path: string, body?: unknown) => {
    const { status, body: problem } = await gateway.call(method, path, {
      token: tokens[who] ?? null,
      body,
    });
    return [status, problem['code']];
  };

  it.each(['/healthz', '/readyz', '/openapi.json', '/docs'])('opens %s to all', async (path) => {
    expect((await gateway.call('GET', path)).status).toBe(200);
  });

  it.each([
    ['nobody', 401, 'auth.missing'],
    ['stranger', 401, 'auth.invalid'],
    ['garbage', 401, 'auth.invalid'],
    ['edge', 401, 'auth.invalid'],
    ['enrolment', 401, 'auth.invalid'],
    ['reader', 403, 'auth.forbidden'],
    ['writer', 403, 'auth.forbidden'],
    ['admin', 200, undefined],
  ])('answers %s %d at the admin face', async (who, status, code) => {
    expect(await answerTo(who, 'GET', '/admin/edges')).toEqual([status, code]);
  });

  it.each([
    ['nobody', 401, 'auth.missing'],
    ['edge', 401, 'auth.invalid'],
    ['writer', 403, 'auth.forbidden'],
    ['reader', 200, undefined],
    ['admin', 200, undefined],
  ])('answers %s %d when jobs are read', async (who, status, code) => {
    expect(await answerTo(who, 'GET', '/jobs')).toEqual([status, code]);
  });

  it.each([
    ['nobody', 401, 'auth.missing'],
    ['edge', 401, 'auth.invalid'],
    ['reader', 403, 'auth.forbidden'],
    ['writer', 201, undefined],
    ['admin', 201, undefined],
  ])('answers %s %d when a job is submitted', async (who, status, code) => {
    expect(await answerTo(who, 'POST', '/jobs', { kind: 'command', payload: {} })).toEqual([
      status,
      code,
    ]);
  });

  it.each([
    ['nobody', 401, 'auth.missing'],
    ['admin', 401, 'auth.invalid'],
    ['reader', 401, 'auth.invalid'],
    ['enrolment', 401, 'auth.invalid'],
    ['edge', 200, undefined],
  ])('answers %s %d at the edge face', async (who, status, code) => {
    expect(await answerTo(who, 'POST', '/internal/edges/heartbeat', { tasks: [] })).toEqual([
      status,
      code,
    ]);
  });

  it.each([
    ['nobody', 'auth.missing'],
    ['admin', 'auth.invalid'],
    ['edge', 'auth.invalid'],
  ])('lets %s not enrol', async (who, code) => {
    const body = { name: 'intruder', kinds: ['chat'] };
    expect(await answerTo(who, 'POST', '/internal/edges/enroll', body)).toEqual([401, code]);
  });

  it('says how to authenticate', async () => {
    const { headers } = await gateway.call('GET', '/admin/edges');
    expect(headers.get('www-authenticate')).toBe('Bearer');
  });

  it.each(['bearer', 'BEARER'])('takes the scheme as %s', async (scheme) => {
    const headers = { authorization: `${scheme} ${gateway.adminToken}` };
    expect((await gateway.call('GET', '/admin/edges', { headers })).status).toBe(200);
  });

  it('takes no other scheme', async () => {
    const headers = { authorization: `Basic ${gateway.adminToken}` };
    const { body } = await gateway.call('GET', '/admin/edges', { headers });
    expect(body).toMatchObject({ status: 401, code: 'auth.invalid' });
  });

  it('reads no body of a stranger', async () => {
    const answer = await gateway.call('POST', '/admin/api-keys', { body: '{"not": json' });
    expect(answer.body).toMatchObject({ code: 'auth.missing' });
  });

  it('refuses a revoked key at once', async () => {
    const made = await gateway.asAdmin<{ id: string; token: string }>('POST', '/admin/api-keys', {
      name: 'short-lived',
      scopes: ['jobs:read'],
    });
    const read = () => gateway.call('GET', '/jobs', { token: made.body.token });
    expect((await read()).status).toBe(200);
    expect((await gateway.asAdmin('DELETE', `/admin/api-keys/${made.body.id}`)).status).toBe(204);
    expect((await read()).body).toMatchObject({ status: 401, code: 'auth.invalid' });
  });
});
