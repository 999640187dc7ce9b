import { ReadConnection } from '@foreman/database';
import { type ReleaseManifest, type SignedRelease, releaseKeyId } from '@foreman/kernel';
import { FakeClock, ReleaseSigner } from '@foreman/testing';
import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

const UNKNOWN_ID = '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11';

interface Release extends SignedRelease {
  id: string;
  isHalted: boolean;
}

interface List {
  items: Release[];
  nextCursor: string | null;
}

interface Heartbeat {
  edge: string;
  release?: SignedRelease;
}

describe('releases', () => {
  const signer = new ReleaseSigner();
  const next = new ReleaseSigner();
  const clock = new FakeClock();
  let gateway: InProcessGateway;

  beforeEach(async () => {
    const releasePublicKeys = [signer.publicKey, next.publicKey];
    gateway = await startInProcess({ releasePublicKeys }, { clock });
  });
  afterEach(() => gateway.stop());

  const publish = (body: object, key?: string) =>
    gateway.call<Release>('POST', '/admin/releases', {
      token: gateway.adminToken,
      headers: key === undefined ? {} : { 'idempotency-key': key },
      body,
    });
  const published = async (manifest: Partial<ReleaseManifest> = {}) => {
    const answer = await publish(signer.sign(manifest));
    expect(answer.status).toBe(201);
    return answer.body;
  };
  const halt = (id: string) => gateway.asAdmin<Release>('POST', `/admin/releases/${id}/halt`);
  const resume = (id: string) => gateway.asAdmin<Release>('POST', `/admin/releases/${id}/resume`);
  const list = async () => (await gateway.asAdmin<List>('GET', '/admin/releases')).body.items;

  const enrol = async (agentVersion?: string, platform?: string, labels = {}) => {
    const enrolment = await gateway.asAdmin<{ token: string }>('POST', '/admin/enrolments', {});
    const name = `edge ${enrolment.body.token.slice(-9)}`.replace(/[^A-Za-z0-9]$/, 'x');
    const body = { name, kinds: ['command'], labels, agentVersion, platform };
    const { token } = enrolment.body;
    return (await gateway.call<TestEdge>('POST', '/internal/edges/enroll', { token, body })).body;
  };
  const beat = async ({ token }: TestEdge, agentVersion?: string) => {
    const body = { agentVersion, tasks: [] };
    const path = '/internal/edges/heartbeat';
    return (await gateway.call<Heartbeat>('POST', path, { token, body })).body;
  };
  const offered = async (edge: TestEdge, agentVersion?: string) =>
    (await beat(edge, agentVersion)).release?.version ?? null;
  const current = ({ token }: TestEdge, query = '') =>
    gateway.call<SignedRelease>('GET', `/internal/edges/releases/current${query}`, { token });

  describe('for administrators', () => {
    it('are published and listed', async () => {
      const body = { ...signer.sign({ platform: 'linux-x64' }), notes: 'Fixes a leak.' };
      const answer = await publish(body);
      expect(answer.status).toBe(201);
      expect(answer.body).toEqual({
        ...body,
        id: expect.any(String),
        keyId: releaseKeyId(signer.publicKey),
        isHalted: false,
        createdAt: '2026-01-01T00:00:00.000Z',
      });
      expect(await list()).toEqual([answer.body]);
    });

    it('are refused when a byte of what was signed differs', async () => {
      const good = signer.sign({ platform: 'linux-x64' });
      const tampered: Partial<SignedRelease>[] = [
        { version: '9.9.9' },
        { channel: 'beta' },
        { platform: 'any' },
        { url: 'https://evil.example/agent.tgz' },
        { size: 4 },
        { sha256: 'f'.repeat(64) },
        { signature: signer.sign().signature },
        { signature: new ReleaseSigner().sign(good).signature },
        { signature: '' },
      ];
      for (const change of tampered) {
        const { body } = await publish({ ...good, ...change });
        expect(body).toMatchObject({ status: 400, code: 'release.signature_invalid' });
      }
      expect(await list()).toEqual([]);
    });

    it.each([
      ['no field at all', {}, 'version'],
      ['a version that is none', signer.sign({ version: '1.4' }), 'version'],
      ['plain http', signer.sign({ url: 'http://downloads.example/a' }), 'url'],
      ['a size that is text', { ...signer.sign(), size: '3' }, 'size'],
      ['a field that is unknown', { ...signer.sign(), force: true }, 'force'],
      ['notes without end', { ...signer.sign(), notes: 'x'.repeat(4097) }, 'notes'],
    ])('are refused with %s', async (_what, body, path) => {
      const answer = await publish(body);
      expect(answer.body).toMatchObject({ status: 400, code: 'request.invalid' });
      const { errors } = answer.body as unknown as { errors: { path: string }[] };
      expect(errors.map((error) => error.path)).toContain(path);
    });

    it('are made once, with an Idempotency-Key and without', async () => {
      const body = signer.sign();
      const answers = [
        await publish(body, 'k1'),
        await publish(body, 'k1'),
        await publish(body),
        await publish({ ...body, ...next.sign() }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 200]);
      expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
      expect(answers[3]?.body).toMatchObject({
        keyId: releaseKeyId(next.publicKey),
        signature: next.sign().signature,
      });
      const other = await publish(signer.sign({ version: '2.0.0' }), 'k1');
      expect(other.body).toMatchObject({ status: 409, code: 'idempotency.conflict' });
      const another = await publish(signer.sign({ size: 4 }));
      expect(another.body).toMatchObject({
        status: 400,
        code: 'request.invalid',
        errors: [{ path: 'version' }],
      });
      expect(await list()).toHaveLength(1);
    });

    it.each(['halt', 'resume'])('are not found when there is none to %s', async (verb) => {
      for (const id of [UNKNOWN_ID, 'no-id']) {
        const { body } = await gateway.asAdmin('POST', `/admin/releases/${id}/${verb}`);
        expect(body).toMatchObject({ status: 404, code: 'release.not_found' });
      }
    });

    it('are none of a service, and none of an edge', async () => {
      const service = await gateway.makeApiKey('jobs:read', 'jobs:write');
      const edge = await enrol();
      const statuses = await Promise.all(
        [service, edge.token].map(async (token) => {
          const body = signer.sign();
          return (await gateway.call('POST', '/admin/releases', { token, body })).status;
        }),
      );
      expect(statuses).toEqual([403, 401]);
    });
  });

  it('are refused, naming the setting, by a gateway without keys', async () => {
    const without = await startInProcess();
    const answer = await without.asAdmin('POST', '/admin/releases', signer.sign());
    await without.stop();
    expect(answer.body).toMatchObject({
      status: 400,
      code: 'release.signature_invalid',
      detail: expect.stringContaining('FOREMAN_RELEASE_PUBLIC_KEYS'),
    });
  });

  describe('for edges', () => {
    it('are offered with the heartbeat to those that run a lower version', async () => {
      const edge = await enrol('1.3.0', 'linux-x64');
      expect(await beat(edge)).not.toHaveProperty('release');
      const { id, ...release } = await published({ platform: 'linux-x64' });
      const { version, channel, platform, url, size, sha256, signature } = release;
      expect((await beat(edge)).release).toEqual({
        version,
        channel,
        platform,
        url,
        size,
        sha256,
        signature,
      });
      expect(await offered(edge, '1.4.0-rc.1')).toBe('1.4.0');
      // What it says now counts at once, and is remembered.
      expect(await offered(edge, '1.4.0')).toBeNull();
      expect(await offered(edge)).toBeNull();
      expect(await offered(edge, '1.0.0')).toBe('1.4.0');
      expect(await offered(edge)).toBe('1.4.0');
      expect(id).toEqual(expect.any(String));
    });

    it('are offered with the heartbeat of a task too', async () => {
      const edge = await enrol('1.3.0');
      await published();
      await gateway.asAdmin('POST', '/jobs', { kind: 'command', payload: {} });
      const { body: task } = await gateway.call<{ taskId: string; leaseToken: string }>(
        'POST',
        '/internal/edges/tasks/next',
        { token: edge.token, body: {} },
      );
      const beatOfTask = async () => {
        const path = `/internal/edges/tasks/${task.taskId}/heartbeat`;
        const headers = { 'foreman-lease': task.leaseToken };
        return gateway.call<Heartbeat>('POST', path, { token: edge.token, headers, body: {} });
      };
      expect((await beatOfTask()).body).toMatchObject({ release: { version: '1.4.0' } });
      await beat(edge, '1.4.0');
      expect((await beatOfTask()).body).not.toHaveProperty('release');
    });

    it('are not offered to an edge that says no version', async () => {
      await published();
      const edge = await enrol();
      expect(await offered(edge)).toBeNull();
      expect(await offered(edge, 'nightly')).toBeNull();
      expect(await offered(edge, '0.1.0')).toBe('1.4.0');
    });

    it('follow halting and resuming at once', async () => {
      const edge = await enrol('1.0.0');
      await published({ version: '1.1.0' });
      const { id } = await published({ version: '1.2.0' });
      expect(await offered(edge)).toBe('1.2.0');
      const halted = await halt(id);
      expect([halted.status, halted.body.isHalted]).toEqual([200, true]);
      expect(await offered(edge)).toBe('1.1.0');
      expect((await halt(id)).body.isHalted).toBe(true);
      const resumed = await resume(id);
      expect([resumed.status, resumed.body.isHalted]).toEqual([200, false]);
      expect(await offered(edge)).toBe('1.2.0');
      expect(await offered(edge, '1.2.0')).toBeNull();
    });

    it('are those of the platform and of the channel', async () => {
      await published({ version: '1.1.0', platform: 'any' });
      await published({ version: '1.2.0', platform: 'linux-x64' });
      await published({ version: '2.0.0', channel: 'beta' });
      const platforms = ['linux-x64', 'darwin-arm64', undefined];
      const edges = await Promise.all(platforms.map((platform) => enrol('1.0.0', platform)));
      expect(await Promise.all(edges.map((edge) => offered(edge)))).toEqual([
        '1.2.0',
        '1.1.0',
        '1.1.0',
      ]);
      const early = await enrol('1.0.0', 'linux-x64', { channel: 'beta' });
      expect(await offered(early)).toBe('2.0.0');
    });

    it('are told to an edge that drains or stops as well', async () => {
      const edge = await enrol('1.0.0');
      await published();
      for (const desired of ['drain', 'stop']) {
        await gateway.asAdmin('PATCH', `/admin/edges/${edge.edgeId}`, { desired });
        expect(await beat(edge)).toMatchObject({ edge: desired, release: { version: '1.4.0' } });
      }
    });

    it('can be asked for, whatever the edge runs', async () => {
      const edge = await enrol('3.0.0', 'linux-x64');
      expect((await current(edge)).status).toBe(204);
      await published({ version: '1.1.0' });
      const { id } = await published({ version: '1.2.0', platform: 'linux-x64' });
      await published({ version: '1.5.0', platform: 'win32-x64', channel: 'beta' });
      const answer = await current(edge);
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual(signer.sign({ version: '1.2.0', platform: 'linux-x64' }));
      expect((await current(edge, '?platform=win32-x64')).body.version).toBe('1.1.0');
      expect((await current(edge, '?channel=beta&platform=win32-x64')).body.version).toBe('1.5.0');
      expect((await current(edge, '?channel=beta')).status).toBe(204);
      await halt(id);
      expect((await current(edge)).body.version).toBe('1.1.0');
      const tooLong = await current(edge, `?channel=${'x'.repeat(101)}`);
      expect(tooLong.body).toMatchObject({ code: 'request.invalid' });
    });

    it('cost a heartbeat no SQL beside the look at its token', async () => {
      const edge = await enrol('1.0.0');
      await published();
      await beat(edge);
      const reads = gateway.app.get(ReadConnection);
      const entities = jest.spyOn(reads, 'entities');
      const query = jest.spyOn(reads, 'query');
      for (let beats = 0; beats < 10; beats += 1) expect(await offered(edge)).toBe('1.4.0');
      const others = entities.mock.calls.filter(([, sql]) => !sql.includes('token_hash = ?'));
      const queries = query.mock.calls.filter(([sql]) => !sql.includes('token_hash = ?'));
      expect([others, queries]).toEqual([[], []]);
      expect(entities).toHaveBeenCalledTimes(10);
    });
  });
});
