import { createHash } from 'node:crypto';
import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

interface Task {
  readonly taskId: string;
  readonly leaseToken: string;
}

const SMALL = Buffer.from('{"hello": "world"}\n');
/** Goes by the stream, in several chunks. */
const LARGE = Buffer.alloc(600_000, 'equity,');

function digest(algorithm: 'sha256' | 'sha512', bytes: Buffer): string {
  return createHash(algorithm).update(bytes).digest('base64');
}
const sha256 = (bytes: Buffer) => `sha-256=:${digest('sha256', bytes)}:`;
const sha512 = (bytes: Buffer) => `sha-512=:${digest('sha512', bytes)}:`;

describe('digests of an upload, by RFC 9530', () => {
  let gateway: InProcessGateway;
  let edge: TestEdge;
  let task: Task;

  beforeAll(async () => {
    gateway = await startInProcess();
    edge = await gateway.enrolEdge(['study']);
  });
  afterAll(() => gateway.stop());

  beforeEach(async () => {
    await gateway.asAdmin('POST', '/jobs', { kind: 'study' });
    task = (
      await gateway.call<Task>('POST', '/internal/edges/tasks/next', {
        token: edge.token,
        body: {},
      })
    ).body;
  });
  afterEach(() => atTask('POST', 'fail', { code: 'x', message: 'x', retryable: false }));

  const atTask = (method: string, what: string, body: unknown, headers = {}) =>
    gateway.call(method, `/internal/edges/tasks/${task.taskId}/${what}`, {
      token: edge.token,
      headers: { 'Foreman-Lease': task.leaseToken, ...headers },
      body,
    });
  const put = (body: Buffer, headers: Record<string, string>) =>
    atTask('PUT', 'artifacts/it', body, { 'content-type': 'text/plain', ...headers });

  it("takes the RFC's own example (appendix A)", async () => {
    const header = 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:';
    expect(sha256(SMALL)).toBe(header);
    expect(await put(SMALL, { 'Repr-Digest': header })).toMatchObject({
      status: 201,
      body: { sha256: createHash('sha256').update(SMALL).digest('hex') },
    });
  });

  describe.each([
    ['small', SMALL],
    ['streamed', LARGE],
  ])('of a %s artifact', (_size, bytes) => {
    const other = Buffer.from('other');

    it.each([
      ['none', {}],
      ['sha-256', { 'Repr-Digest': sha256(bytes) }],
      ['sha-512', { 'Repr-Digest': sha512(bytes) }],
      ['both in one header', { 'Repr-Digest': `${sha512(bytes)}, ${sha256(bytes)}` }],
      ['Content-Digest', { 'Content-Digest': sha512(bytes) }],
      ['both headers', { 'Repr-Digest': sha256(bytes), 'Content-Digest': sha256(bytes) }],
      ['one in each', { 'Repr-Digest': sha256(bytes), 'Content-Digest': sha512(bytes) }],
      ['algorithms that are unknown', { 'Repr-Digest': 'md5=:AAAA:, id-sha-256=:AAAA:, crc=1' }],
      ['an unknown one beside', { 'Repr-Digest': `md5=:AAAA:, ${sha256(bytes)}` }],
      ['parameters', { 'Repr-Digest': `${sha256(bytes)};why=me` }],
      ['an empty field', { 'Repr-Digest': '' }],
      ['the last of two members', { 'Repr-Digest': `${sha256(other)}, ${sha256(bytes)}` }],
      ['the old Digest, which says nothing now', { Digest: 'SHA-256=AAAA' }],
      ['no coding, said so', { 'Content-Encoding': 'identity' }],
    ])('takes %s', async (_what, headers) => {
      expect((await put(bytes, headers)).status).toBe(201);
    });

    it.each([
      ['sha-256', { 'Repr-Digest': sha256(other) }],
      ['sha-512', { 'Repr-Digest': sha512(other) }],
      ['Content-Digest', { 'Content-Digest': sha256(other) }],
      ['the second of two', { 'Repr-Digest': `${sha256(bytes)}, ${sha512(other)}` }],
      ['the first of two', { 'Repr-Digest': `${sha256(other)}, ${sha512(bytes)}` }],
      ['the other header', { 'Repr-Digest': sha256(bytes), 'Content-Digest': sha512(other) }],
    ])('refuses bytes with another %s, and stages nothing', async (_what, headers) => {
      expect(await put(bytes, headers)).toMatchObject({
        status: 400,
        body: { code: 'artifact.digest_mismatch' },
      });
      const named = [{ name: 'it', sha256: createHash('sha256').update(bytes).digest('hex') }];
      expect(await atTask('POST', 'complete', { artifacts: named })).toMatchObject({
        status: 409,
        body: { code: 'artifact.incomplete', staged: null },
      });
    });

    it.each([
      ['no dictionary', { 'Repr-Digest': 'sha-256=' }],
      ['capitals in a key', { 'Repr-Digest': sha256(bytes).replace('sha', 'SHA') }],
      ['no bytes', { 'Repr-Digest': 'sha-256' }],
      ['a string', { 'Repr-Digest': `sha-256="${digest('sha256', bytes)}"` }],
      ['a token', { 'Repr-Digest': 'sha-256=abc' }],
      ['no colons', { 'Repr-Digest': `sha-256=${digest('sha256', bytes)}` }],
      ['too few bytes', { 'Repr-Digest': 'sha-256=:AAAA:' }],
      [
        'as many as the other algorithm has',
        { 'Repr-Digest': `sha-512=:${digest('sha256', bytes)}:` },
      ],
      ['a list', { 'Repr-Digest': `sha-256=(:${digest('sha256', bytes)}:)` }],
      [
        'two that cannot both hold',
        { 'Repr-Digest': sha256(bytes), 'Content-Digest': sha256(other) },
      ],
      ['a part', { 'Content-Range': `bytes 0-9/${bytes.length}` }],
    ])('refuses %s as no digest of it', async (_what, headers) => {
      expect(await put(bytes, headers)).toMatchObject({
        status: 400,
        body: { code: 'request.invalid' },
      });
    });

    it.each(['gzip', 'br', 'GZIP', 'identity, gzip'])('refuses the coding %s', async (coding) => {
      const answer = await put(bytes, { 'Content-Encoding': coding });
      expect(answer).toMatchObject({ status: 415, body: { code: 'request.unsupported_type' } });
      expect(answer.headers.get('accept-encoding')).toBe('identity');
    });
  });
});
