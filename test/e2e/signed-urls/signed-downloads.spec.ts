import { BYTES, SignedGateway, sha256 } from './signed-gateway';

jest.setTimeout(60_000);

describe('signed URLs of downloads', () => {
  let lab: SignedGateway;

  beforeAll(async () => {
    lab = await SignedGateway.start();
  });
  afterAll(() => lab.stop());

  it('give the bytes to who has no token, with the headers of the artifact itself', async () => {
    const jobId = await lab.completed('equity.csv', BYTES);
    const issued = await lab.downloadUrl(jobId, 'equity.csv', { expiresSeconds: 60 });
    expect(issued.method).toBe('GET');
    const left = Date.parse(issued.expiresAt) - Date.now();
    expect(left).toBeGreaterThan(50_000);
    expect(left).toBeLessThanOrEqual(60_000);

    const own = await lab.gateway.call('GET', `/jobs/${jobId}/artifacts/equity.csv`, {
      token: lab.service,
    });
    const signed = await lab.gateway.call('GET', issued.path);
    expect(signed.status).toBe(200);
    expect(signed.text).toBe(BYTES.toString());
    const constant = (headers: Headers) =>
      [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name));
    expect(constant(signed.headers)).toEqual(constant(own.headers));
  });

  it('answer HEAD, ranges and conditions', async () => {
    const jobId = await lab.completed('equity.csv', BYTES);
    const { path } = await lab.downloadUrl(jobId, 'equity.csv');
    const etag = `"${sha256(BYTES)}"`;
    const head = await lab.gateway.call('HEAD', path);
    expect([head.status, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([
      200,
      String(BYTES.length),
      etag,
    ]);
    const part = await lab.gateway.call('GET', path, { headers: { range: 'bytes=7-12' } });
    expect([part.status, part.text]).toEqual([206, 'equity']);
    const known = await lab.gateway.call('GET', path, { headers: { 'if-none-match': etag } });
    expect(known.status).toBe(304);
    const beyond = await lab.problem('GET', path, { headers: { range: 'bytes=300000-' } });
    expect(beyond).toEqual([416, 'artifact.range_not_satisfiable']);
    const other = await lab.problem('GET', path, { headers: { 'if-match': '"x"' } });
    expect(other).toEqual([412, 'artifact.precondition_failed']);
  });

  it('do not look at a token that comes along', async () => {
    const jobId = await lab.completed('a.txt', Buffer.from('a'), 'text/plain');
    const { path } = await lab.downloadUrl(jobId, 'a.txt');
    for (const token of ['garbage', lab.edge.token, `fmk_${'x'.repeat(43)}`]) {
      expect((await lab.gateway.call('GET', path, { token })).status).toBe(200);
    }
    const bare = path.split('?')[0] ?? '';
    expect(await lab.problem('GET', bare, { token: lab.gateway.adminToken })).toEqual([
      403,
      'auth.forbidden',
    ]);
  });

  it('open one artifact by one method', async () => {
    const jobId = await lab.completed('a.txt', Buffer.from('a'), 'text/plain');
    const { path } = await lab.downloadUrl(jobId, 'a.txt');
    const forbidden = [403, 'auth.forbidden'];
    expect(await lab.problem('GET', path.replace('a.txt', 'completion'))).toEqual(forbidden);
    expect(await lab.problem('GET', path.replace(jobId, await lab.submit()))).toEqual(forbidden);
    expect(await lab.problem('GET', path.replace(/expires=\d+/, 'expires=9999999999999'))).toEqual(
      forbidden,
    );
    expect(await lab.problem('GET', `${path}&expires=9999999999999`)).toEqual(forbidden);
    expect(await lab.problem('GET', path.replace('/jobs/', '/tasks/'))).toEqual([
      404,
      'route.not_found',
    ]);
    expect(await lab.problem('PUT', path, { body: 'x' })).toEqual([404, 'route.not_found']);
  });

  it('are handed to readers of jobs only, and for what is there', async () => {
    const jobId = await lab.completed('a.txt', Buffer.from('a'), 'text/plain');
    const path = `/jobs/${jobId}/artifacts/a.txt/download-url`;
    const writer = await lab.gateway.makeApiKey('jobs:write');
    expect(await lab.problem('POST', path, { body: {} })).toEqual([401, 'auth.missing']);
    expect(await lab.problem('POST', path, { body: {}, token: writer })).toEqual([
      403,
      'auth.forbidden',
    ]);
    const asked = (changed: string, body: object = {}) =>
      lab.problem('POST', changed, { body, token: lab.service });
    expect(await asked(path.replace('a.txt', 'b'))).toEqual([404, 'artifact.not_found']);
    expect(await asked(path.replace(jobId, 'nonsense'))).toEqual([404, 'job.not_found']);
    for (const body of [{ expiresSeconds: 0 }, { expiresSeconds: 604_801 }, { unknown: 1 }]) {
      expect(await asked(path, body)).toEqual([400, 'request.invalid']);
    }
  });

  it('end when the job is deleted', async () => {
    const jobId = await lab.completed('a.txt', Buffer.from('a'), 'text/plain');
    const { path } = await lab.downloadUrl(jobId, 'a.txt');
    await lab.gateway.call('DELETE', `/jobs/${jobId}`, { token: lab.service });
    expect(await lab.problem('GET', path)).toEqual([404, 'artifact.not_found']);
  });

  it('do not serve what a retry put in the place of their bytes', async () => {
    const first = await lab.leased();
    await lab.atEdge('PUT', 'artifacts/log.txt', first, 'first', 'text/plain');
    const failure = { code: 'x', message: 'x', retryable: false, keepArtifacts: true };
    await lab.atEdge('POST', 'fail', first, failure);
    const { path } = await lab.downloadUrl(first.jobId, 'log.txt');
    expect((await lab.gateway.call('GET', path)).text).toBe('first');

    await lab.gateway.call('POST', `/jobs/${first.jobId}/retry`, { token: lab.service, body: {} });
    const second = await lab.lease();
    expect(second.jobId).toBe(first.jobId);
    await lab.atEdge('PUT', 'artifacts/log.txt', second, 'second', 'text/plain');
    await lab.atEdge('POST', 'complete', second, {});
    expect(await lab.problem('GET', path)).toEqual([404, 'artifact.not_found']);
    const fresh = await lab.downloadUrl(first.jobId, 'log.txt');
    expect((await lab.gateway.call('GET', fresh.path)).text).toBe('second');
  });
});
