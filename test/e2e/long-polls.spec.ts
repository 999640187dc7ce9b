import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Edges } from '@foreman/edges';
import { Leasing, ParkedPolls } from '@foreman/leasing';
import { eventually } from '@foreman/testing';
import { startInProcess, type InProcessGateway, type TestEdge } from './harness';

const NEXT = '/internal/edges/tasks/next';

/** Long polls over real connections. */
describe('a parked poll', () => {
  let gateway: InProcessGateway;
  let serviceToken: string;
  let edge: TestEdge;
  beforeAll(async () => {
    gateway = await startInProcess({ maxParkedPolls: 3 });
    serviceToken = await gateway.makeApiKey('jobs:write', 'jobs:read');
  });
  afterAll(() => gateway.stop());
  beforeEach(async () => {
    edge = await gateway.enrolEdge(['work']);
  });

  const parked = () => gateway.app.get(ParkedPolls).count;
  const poll = (by: TestEdge, waitSeconds = 30, headers: Record<string, string> = {}) =>
    gateway.call<{ taskId: string; jobId: string; attempt: number }>('POST', NEXT, {
      token: by.token,
      body: { waitSeconds },
      headers,
    });
  const submit = async () =>
    gateway.call<{ id: string }>('POST', '/jobs', { token: serviceToken, body: { kind: 'work' } });
  /** The same on a socket that the spec may destroy. */
  const pollOnSocket = (by: TestEdge): Socket => {
    const { hostname, port } = new URL(gateway.baseUrl);
    const socket = connect(Number(port), hostname);
    const body = JSON.stringify({ waitSeconds: 30 });
    socket.write(
      `POST ${NEXT} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${by.token}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    return socket;
  };

  it('ends with 204 and Retry-After when its edge is to drain, and so do the next ones', async () => {
    const waiting = poll(edge);
    await eventually('the poll is parked', () => parked() === 1);
    await gateway.asAdmin('PATCH', `/admin/edges/${edge.edgeId}`, { desired: 'drain' });
    for (const answer of [await waiting, await poll(edge)]) {
      expect(answer.status).toBe(204);
      expect(answer.headers.get('retry-after')).toBe('30');
    }
    expect(parked()).toBe(0);
  });

  it('whose socket is destroyed frees its place and takes no task', async () => {
    const socket = pollOnSocket(edge);
    await eventually('the poll is parked', () => parked() === 1);
    socket.destroy();
    await eventually('the place is free', () => parked() === 0);
    const job = await submit();
    const answer = await poll(edge, 0);
    expect(answer.body).toMatchObject({ jobId: job.body.id, attempt: 1 });
  });

  it('whose socket is destroyed while it is authenticated parks nowhere, and takes no task', async () => {
    const job = await submit();
    const server: Server = gateway.app.getHttpServer();
    const edges = gateway.app.get(Edges);
    const authenticate = edges.authenticate.bind(edges);
    const leases = jest.spyOn(gateway.app.get(Leasing), 'lease');
    const connected = once(server, 'connection') as Promise<[Socket]>;
    const socket = pollOnSocket(edge);
    jest.spyOn(edges, 'authenticate').mockImplementationOnce(async (token) => {
      const [served] = await connected;
      const closed = once(served, 'close');
      socket.destroy();
      await closed;
      return authenticate(token);
    });
    const call = await eventually('the poll reaches leasing', () => leases.mock.results[0]);
    expect(parked()).toBe(0);
    expect(await call.value).toMatchObject({ items: [] });
    leases.mockRestore();
    expect((await poll(edge, 0)).body).toMatchObject({ jobId: job.body.id, attempt: 1 });
  });

  it('that was answered 204 cannot be asked again: a late duplicate leaves tasks alone', async () => {
    const headers = { 'idempotency-key': 'poll 1' };
    expect((await poll(edge, 0, headers)).status).toBe(204);
    await submit();
    const duplicate = await poll(edge, 0, headers);
    expect(duplicate.status).toBe(204);
    expect(duplicate.headers.get('retry-after')).toBeNull();
    expect((await poll(edge, 1, headers)).body).toMatchObject({ code: 'idempotency.conflict' });
    expect((await poll(edge, 0, { 'idempotency-key': 'poll 2' })).status).toBe(200);
  });

  it('too many is 429 with Retry-After', async () => {
    const waiting = [poll(edge), poll(edge), poll(edge)];
    await eventually('all places are taken', () => parked() === 3);
    const refused = await poll(edge);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
    expect(refused.body).toMatchObject({ code: 'rate.limited' });
    await gateway.asAdmin('PATCH', `/admin/edges/${edge.edgeId}`, { desired: 'stop' });
    await Promise.all(waiting);
  });
});
