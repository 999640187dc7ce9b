import { isDeepStrictEqual } from 'node:util';
import { ParkedPolls } from '@foreman/leasing';
import { FakeClock, eventually } from '@foreman/testing';
import { type InProcessGateway, startInProcess } from './harness';

const UNKNOWN_ID = '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11';

interface Key {
  id: string;
  name: string;
  token: string | null;
}

interface Edge {
  id: string;
  name: string;
  desired: string;
}

interface List<T> {
  items: T[];
  nextCursor: string | null;
}

/** A start of the whole gateway takes a second, and many times that on a busy machine. */
jest.setTimeout(60_000);

describe('administration', () => {
  const clock = new FakeClock();
  let gateway: InProcessGateway;

  beforeEach(async () => {
    gateway = await startInProcess({}, { clock });
  });
  afterEach(() => gateway.stop());

  describe('API keys', () => {
    it('are made, listed without their tokens, and revoked', async () => {
      const made = await gateway.asAdmin<Key>('POST', '/admin/api-keys', {
        name: 'pricing',
        scopes: ['jobs:write', 'jobs:read'],
      });
      expect(made.status).toBe(201);
      expect(made.body).toMatchObject({
        name: 'pricing',
        scopes: ['jobs:write', 'jobs:read'],
        createdAt: '2026-01-01T00:00:00.000Z',
        revokedAt: null,
        token: expect.stringMatching(/^fmk_[\w-]{43}$/),
      });
      const listed = await gateway.asAdmin<List<Key>>('GET', '/admin/api-keys');
      expect(listed.body.items.map((key) => key.name).sort()).toEqual([
        'admin token of the settings',
        'pricing',
      ]);
      expect(listed.text).not.toContain(made.body.token);
      expect(listed.text).not.toContain(gateway.adminToken);
      const revoke = () => gateway.asAdmin('DELETE', `/admin/api-keys/${made.body.id}`);
      expect([(await revoke()).status, (await revoke()).status]).toEqual([204, 204]);
    });

    it('are paged', async () => {
      for (let made = 0; made < 5; made += 1) {
        await gateway.makeApiKey('jobs:read');
        clock.advance(1);
      }
      const names: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const page: { body: List<Key> } = await gateway.asAdmin(
          'GET',
          `/admin/api-keys?limit=2${query}`,
        );
        names.push(...page.body.items.map((key) => key.name));
        cursor = page.body.nextCursor;
      }
      expect(names).toHaveLength(6);
      expect(new Set(names).size).toBe(6);
    });

    it('are made once for an Idempotency-Key', async () => {
      const make = (name: string, key = 'k1') =>
        gateway.call<Key>('POST', '/admin/api-keys', {
          token: gateway.adminToken,
          headers: { 'idempotency-key': key },
          body: { scopes: ['jobs:read'], name },
        });
      const first = await make('a');
      const repeated = await make('a');
      expect([first.status, repeated.status]).toEqual([201, 200]);
      expect(repeated.body).toMatchObject({ id: first.body.id, token: null });
      expect((await make('b')).body).toMatchObject({ status: 409, code: 'idempotency.conflict' });
      expect((await make('b', 'k2')).status).toBe(201);
    });
  });

  describe('enrolments and edges', () => {
    it('lead from a token to a listed edge', async () => {
      const enrolment = await gateway.asAdmin<{ token: string }>('POST', '/admin/enrolments', {
        name: 'vault',
        kinds: ['command'],
        labels: { gpu: 'true' },
        ttlSeconds: 60,
      });
      expect(enrolment.body).toMatchObject({ expiresAt: expect.stringMatching(/:01:00\.\d{3}Z$/) });
      const enrolled = await gateway.call<{ edgeId: string; token: string }>(
        'POST',
        '/internal/edges/enroll',
        {
          token: enrolment.body.token,
          body: { name: 'x', kinds: ['chat'], platform: 'linux-x64', newField: 1 },
        },
      );
      expect(enrolled.body).toMatchObject({ heartbeatSeconds: expect.any(Number) });
      const { body } = await gateway.asAdmin<List<Edge>>('GET', '/admin/edges');
      expect(body.items).toEqual([
        {
          id: enrolled.body.edgeId,
          name: 'vault',
          kinds: ['command'],
          labels: { gpu: 'true' },
          desired: 'run',
          maxLeases: null,
          agentVersion: null,
          platform: 'linux-x64',
          createdAt: expect.any(String),
          lastSeenAt: null,
          revokedAt: null,
        },
      ]);
    });

    it('refuse a name that is taken', async () => {
      const { name } = await gateway.enrolEdge();
      const answer = await gateway.asAdmin('POST', '/admin/enrolments', { name });
      expect(answer.body).toMatchObject({ status: 409, code: 'edge.name_taken' });
    });

    it('can be drained, relabelled and limited', async () => {
      const { edgeId, token } = await gateway.enrolEdge();
      const path = `/admin/edges/${edgeId}`;
      const changed = await gateway.asAdmin('PATCH', path, {
        desired: 'drain',
        labels: { gpu: 'false' },
        maxLeases: 2,
      });
      expect(changed.body).toMatchObject({
        desired: 'drain',
        labels: { gpu: 'false' },
        maxLeases: 2,
      });
      const beat = await gateway.call('POST', '/internal/edges/heartbeat', {
        token,
        body: { tasks: [] },
      });
      expect(beat.body).toMatchObject({ edge: 'drain' });
      const reset = await gateway.asAdmin('PATCH', path, { maxLeases: null });
      expect(reset.body).toMatchObject({ desired: 'drain', maxLeases: null });
      expect((await gateway.asAdmin('GET', path)).body).toEqual({
        ...reset.body,
        lastSeenAt: expect.any(String),
      });
    });

    it('get a new token, and keep the old one until it is used', async () => {
      const { edgeId, token: old } = await gateway.enrolEdge();
      const rotated = await gateway.asAdmin<{ token: string }>(
        'POST',
        `/admin/edges/${edgeId}/rotate-token`,
      );
      const beat = (token: string) =>
        gateway.call('POST', '/internal/edges/heartbeat', { token, body: { tasks: [] } });
      expect((await beat(old)).status).toBe(200);
      expect((await beat(rotated.body.token)).status).toBe(200);
      expect((await beat(old)).status).toBe(401);
    });

    it('are revoked with what they hold', async () => {
      const { edgeId, token } = await gateway.enrolEdge(['command']);
      await gateway.asAdmin('POST', '/jobs', { kind: 'command', payload: {} });
      const leased = await gateway.call<{ jobId: string }>('POST', '/internal/edges/tasks/next', {
        token,
        body: {},
      });
      expect(leased.status).toBe(200);
      const revoke = () => gateway.asAdmin('DELETE', `/admin/edges/${edgeId}`);
      expect([(await revoke()).status, (await revoke()).status]).toEqual([204, 204]);
      const beat = await gateway.call('POST', '/internal/edges/heartbeat', { token, body: {} });
      expect(beat.body).toMatchObject({ code: 'auth.invalid' });
      const job = await gateway.asAdmin('GET', `/jobs/${leased.body.jobId}`);
      expect(job.body).toMatchObject({ taskCounts: { queued: 1, leased: 0 } });
      expect((await gateway.asAdmin<List<Edge>>('GET', '/admin/edges')).body.items).toEqual([]);
      expect((await gateway.asAdmin('GET', `/admin/edges/${edgeId}`)).body).toMatchObject({
        revokedAt: expect.any(String),
      });
    });

    it('let a parked poll go when they are to stop', async () => {
      const { edgeId, token } = await gateway.enrolEdge(['command']);
      const poll = gateway.call('POST', '/internal/edges/tasks/next', {
        token,
        body: { waitSeconds: 50 },
      });
      await eventually('the poll is parked', () => gateway.app.get(ParkedPolls).count === 1);
      await gateway.asAdmin('PATCH', `/admin/edges/${edgeId}`, { desired: 'stop' });
      expect((await poll).status).toBe(204);
    });
  });

  describe('queues', () => {
    it('are listed, weighted, paused and resumed', async () => {
      for (const queue of ['default', 'bulk']) {
        await gateway.asAdmin('POST', '/jobs', { kind: 'command', payload: {}, queue });
      }
      const { token } = await gateway.enrolEdge(['command']);
      const lease = () =>
        gateway.call<{ queue: string }>('POST', '/internal/edges/tasks/next', { token, body: {} });

      const listed = await gateway.asAdmin<List<{ name: string }>>('GET', '/admin/queues?limit=1');
      expect(listed.body.items).toMatchObject([{ name: 'bulk', weight: 1, isPaused: false }]);
      const rest = await gateway.asAdmin<List<{ name: string }>>(
        'GET',
        `/admin/queues?cursor=${listed.body.nextCursor ?? ''}`,
      );
      expect(rest.body).toMatchObject({ items: [{ name: 'default' }], nextCursor: null });

      const weighted = await gateway.asAdmin('PATCH', '/admin/queues/bulk', { weight: 7 });
      expect(weighted.body).toMatchObject({ name: 'bulk', weight: 7 });
      const paused = await gateway.asAdmin('POST', '/admin/queues/bulk/pause');
      expect([paused.status, paused.body]).toMatchObject([200, { isPaused: true }]);
      expect((await lease()).body).toMatchObject({ queue: 'default' });
      expect((await lease()).status).toBe(204);
      await gateway.asAdmin('POST', '/admin/queues/bulk/resume');
      expect((await lease()).body).toMatchObject({ queue: 'bulk' });
    });
  });

  it('tells in one look how it stands', async () => {
    const empty = await gateway.asAdmin('GET', '/admin/stats');
    expect(empty.body).toMatchObject({
      jobs: { queued: 0, running: 0, completed: 0, failed: 0, cancelled: 0 },
      tasks: { queued: 0, leased: 0 },
      edges: { registered: 0, online: 0 },
      deliveries: { pending: 0 },
      artifacts: { published: 0, bytes: 0 },
      database: { fileBytes: expect.any(Number), freeBytes: expect.any(Number) },
    });
    const { token } = await gateway.enrolEdge(['command']);
    await gateway.enrolEdge(['command']);
    await gateway.asAdmin('POST', '/jobs', { kind: 'command', tasks: [{}, {}] });
    await gateway.call('POST', '/internal/edges/tasks/next', { token, body: {} });
    // On a busy machine the last count took long, and is answered again for twenty times as long.
    const busy = await eventually(
      'what is counted anew',
      async () => {
        const { body } = await gateway.asAdmin<{ jobs: object }>('GET', '/admin/stats');
        return isDeepStrictEqual(body.jobs, empty.body['jobs']) ? null : body;
      },
      60_000,
    );
    expect(busy).toMatchObject({
      jobs: { running: 1 },
      tasks: { queued: 1, leased: 1 },
      edges: { registered: 2, online: 1 },
    });
  });
});

describe('what an administrator asks for that is not there', () => {
  let gateway: InProcessGateway;

  beforeAll(async () => {
    gateway = await startInProcess();
  });
  afterAll(() => gateway.stop());

  it.each([
    ['DELETE', `/admin/api-keys/${UNKNOWN_ID}`, 'api_key.not_found'],
    ['DELETE', '/admin/api-keys/no-id', 'api_key.not_found'],
    ['GET', `/admin/edges/${UNKNOWN_ID}`, 'edge.not_found'],
    ['GET', '/admin/edges/no-id', 'edge.not_found'],
    ['PATCH', `/admin/edges/${UNKNOWN_ID}`, 'edge.not_found'],
    ['DELETE', `/admin/edges/${UNKNOWN_ID}`, 'edge.not_found'],
    ['POST', `/admin/edges/${UNKNOWN_ID}/rotate-token`, 'edge.not_found'],
    ['POST', '/admin/queues/none/pause', 'queue.not_found'],
    ['POST', '/admin/queues/none/resume', 'queue.not_found'],
  ])('%s %s is not found', async (method, path, code) => {
    const { body } = await gateway.asAdmin(method, path, method === 'PATCH' ? {} : undefined);
    expect(body).toMatchObject({ status: 404, code });
  });
});
