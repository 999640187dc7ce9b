import type { ServerResponse } from 'node:http';
import { type Socket, connect } from 'node:net';
import { connectionEnd, eventually } from '@foreman/testing';
import { LiveLab } from './live-lab';

/** More than the kernel takes for a reader that does not read. */
const MANY_EVENTS = 60_000;
/** A page, and what the connection holds before it asks to wait. */
const LIMIT_BYTES = 64 * 1024;

describe('readers of live events', () => {
  let lab: LiveLab;
  const sockets: Socket[] = [];
  beforeEach(async () => {
    lab = await LiveLab.open(120);
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await lab.close();
  });

  /** Asks, and reads nothing. */
  function ask(jobId: string, version = 'HTTP/1.1'): Socket {
    const { hostname, port } = new URL(lab.gateway.baseUrl);
    const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true }).pause();
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.write(
      `GET /jobs/${jobId}/events ${version}\r\nHost: ${hostname}\r\n` +
        `Authorization: Bearer ${lab.service}\r\nLast-Event-ID: 0\r\n\r\n`,
    );
    return socket;
  }

  it('that do not read are dropped, hold little until then, and hinder nobody', async () => {
    const jobId = await lab.submit();
    await lab.writeUnannounced(jobId, MANY_EVENTS);
    const responses: ServerResponse[] = [];
    lab.gateway.app
      .getHttpServer()
      .on('request', (_: unknown, response: ServerResponse) => responses.push(response));
    ask(jobId);
    const slow = await eventually('the slow one has to wait', () =>
      responses.find((response) => response.writableNeedDrain),
    );
    // One that reads gets all of it meanwhile, from the beginning on, and what happens next.
    const reading = await lab.follow(jobId, '0');
    await reading.until('all is told', (told) => told.told().length > MANY_EVENTS);
    expect(slow.writableNeedDrain).toBe(true);
    expect(slow.writableLength).toBeLessThanOrEqual(LIMIT_BYTES);
    expect(lab.readers).toBe(2);
    await lab.lease();
    await reading.until('the lease is told', (told) => told.told().at(-1) === 'running');

    lab.clock.advance(29_999);
    expect([slow.destroyed, lab.readers]).toEqual([false, 2]);
    lab.clock.advance(1);
    await eventually('the slow one is dropped', () => lab.readers === 1);
    expect([slow.destroyed, reading.ending]).toEqual([true, null]);
  });

  it('of one job are 100 at the most, of all jobs as many as the setting says', async () => {
    const [jobId, otherId] = [await lab.submit(), await lab.submit()];
    const asked = await Promise.all(Array.from({ length: 1000 }, () => lab.follow(jobId)));
    const statuses = asked.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(100);
    const refused = asked.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(900);
    expect(refused[0]?.headers['retry-after']).toBe('5');
    const others = await Promise.all(Array.from({ length: 30 }, () => lab.follow(otherId)));
    expect(others.filter(({ status }) => status === 200)).toHaveLength(20);
    expect(lab.readers).toBe(120);

    // All of them hear of it, and a place that is free is taken again.
    const admitted = asked.filter(({ status }) => status === 200);
    await lab.gateway.call('POST', `/jobs/${jobId}/cancel`, { token: lab.service });
    await Promise.all(admitted.map((stream) => stream.untilEnd()));
    expect(admitted.every((stream) => stream.told().at(-1) === 'cancelled')).toBe(true);
    await eventually('their places are free', () => lab.readers === 20);
    expect((await lab.follow(otherId)).status).toBe(200);
  });

  it('that go away free their places', async () => {
    const stream = await lab.followLive(await lab.submit());
    expect(lab.readers).toBe(1);
    stream.cut();
    await eventually('the place is free', () => lab.readers === 0);
  });

  it('are cut off when the gateway stops, those that do not read as well', async () => {
    const jobId = await lab.submit();
    await lab.writeUnannounced(jobId, MANY_EVENTS);
    ask(jobId);
    const stream = await lab.followLive(jobId);
    const without = connectionEnd(ask(jobId, 'HTTP/1.0').resume());
    await eventually('all are there', () => lab.readers === 3);
    const startedMs = performance.now();
    await lab.stop();
    expect(performance.now() - startedMs).toBeLessThan(5000);
    await stream.untilEnd();
    expect([stream.ending, await without]).toEqual(['cut', 'reset']);
  });
});
