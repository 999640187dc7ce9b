import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { SystemClock, SystemRandom } from '@foreman/kernel';
import { GatewayHttp } from './gateway-http';
import { reprDigest } from './repr-digest';
import { retrying } from './retrying';

describe('GatewayHttp', () => {
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const server = createServer((request, response) => answer(request, response));
  const opened: GatewayHttp[] = [];

  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(async () => {
    server.closeAllConnections();
    await Promise.all(opened.map((one) => one.close()));
    server.close();
  });

  function http(prefix = ''): GatewayHttp {
    const { port } = server.address() as AddressInfo;
    const made = new GatewayHttp({
      baseUrl: `http://127.0.0.1:${port}${prefix}`,
      token: 'fme_secret',
      clock: new SystemClock(),
    });
    opened.push(made);
    return made;
  }

  it('keeps a path prefix of its address', async () => {
    answer = (request, response) => response.end(JSON.stringify(request.url));
    const call = { method: 'GET', path: '/jobs', query: { a: 'x y', b: undefined } } as const;
    expect((await http('/foreman/').json(call)).body).toBe('/foreman/jobs?a=x+y');
  });

  it('takes an empty answer as null', async () => {
    answer = (_request, response) => response.writeHead(204).end();
    expect(await http().json({ method: 'POST', path: '/x' })).toMatchObject({
      status: 204,
      body: null,
    });
  });

  it.each([
    ['a page', (response: ServerResponse) => response.end('<html>')],
    [
      'half an answer',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('{"a"', () => response.socket?.destroy());
      },
    ],
    ['nothing', (response: ServerResponse) => response.socket?.destroy()],
  ])('takes %s as a failed connection', async (_name, act) => {
    answer = (_request, response) => act(response);
    await expect(http().json({ method: 'GET', path: '/x' })).rejects.toMatchObject({
      name: 'ConnectionFailure',
      message: expect.not.stringContaining('fme_secret') as string,
    });
  });

  it.each([
    ['cut off', (socket: Socket) => socket.resetAndDestroy()],
    ['ended', (socket: Socket) => socket.end()],
  ])('takes no stream that could not be told from one that is %s', async (_name, end) => {
    answer = ({ socket }, response) => {
      response.removeHeader('transfer-encoding');
      response.shouldKeepAlive = false;
      response.write('{"a":1}\n', () => end(socket));
    };
    const call = { method: 'GET', path: '/x' } as const;
    await expect(http().stream(call)).rejects.toMatchObject({ name: 'ConnectionFailure' });
  });

  it('does not read an endless answer', async () => {
    answer = (_request, response) => {
      const timer = setInterval(() => response.write('x'.repeat(1000)), 1);
      response.once('close', () => clearInterval(timer));
    };
    const call = { method: 'GET', path: '/x', maxResponseBytes: 5000 } as const;
    await expect(http().json(call)).rejects.toThrow(/longer than 5000 bytes/);
  });

  it('follows no redirect: the token is for its own address only', async () => {
    answer = (_request, response) =>
      response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end();
    await expect(http().json({ method: 'GET', path: '/x' })).rejects.toMatchObject({
      code: 'http.307',
    });
  });

  it("rejects with its signal's reason", async () => {
    const stopping = new AbortController();
    const reason = new Error('stopping');
    answer = () => stopping.abort(reason);
    const { signal } = stopping;
    await expect(http().json({ method: 'GET', path: '/x', signal })).rejects.toBe(reason);
  });

  describe('its connections', () => {
    const sockets = new Set<Socket>();
    let connected = 0;
    const onConnection = (socket: Socket) => {
      connected += 1;
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    };

    beforeEach(() => {
      connected = 0;
      answer = (request, response) => request.resume().once('end', () => response.end('{}'));
      server.on('connection', onConnection);
    });
    afterEach(() => server.off('connection', onConnection));

    const call = { method: 'POST', path: '/x', body: '{}' } as const;

    it('are used again by one call after the other', async () => {
      const one = http();
      for (let calls = 0; calls < 20; calls += 1) await one.json(call);
      expect(connected).toBe(1);
    });

    it('are replaced when the server has ended them, or ends them under a call', async () => {
      const one = http();
      await one.json(call);
      for (const socket of sockets) socket.destroy();
      while (sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));
      answer = (_request, response) => {
        answer = (_next, after) => after.end('{}');
        response.socket?.destroy();
      };
      const settings = { clock: new SystemClock(), random: new SystemRandom() };
      expect(await retrying(() => one.json(call), settings)).toMatchObject({ status: 200 });
      expect(connected).toBeGreaterThan(1);
    });

    it('are ended by close(), after the calls that run', async () => {
      const one = http();
      let finish = () => {};
      const asked = new Promise<void>((resolve) => {
        answer = (_request, response) => {
          finish = () => response.end('"late"');
          resolve();
        };
      });
      const running = one.json(call);
      await asked;
      const closed = one.close();
      finish();
      expect((await running).body).toBe('late');
      await closed;
      while (sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));
      await expect(one.json(call)).rejects.toMatchObject({ name: 'ConnectionFailure' });
    });

    it('are given up when nothing moves for too long', async () => {
      answer = () => undefined;
      await expect(http().json({ ...call, timeoutMs: 20 })).rejects.toThrow(/silence of 20 ms/);
      answer = (_request, response) => response.write('{"half"');
      await expect(http().json({ ...call, timeoutMs: 20 })).rejects.toMatchObject({
        name: 'ConnectionFailure',
      });
    });
  });

  it.each(['ftp://host', 'host:8080', ''])('refuses the address %p', (baseUrl) => {
    const make = () => new GatewayHttp({ baseUrl, token: 't', clock: new SystemClock() });
    expect(make).toThrow(/http or https/);
  });
});

describe('reprDigest', () => {
  it('gives the example of RFC 9530', () => {
    const hex = '44aff4ab2d7c3250525675a08f0cfa9591168cffe51791c5f5bbc417c15a6c38';
    expect(reprDigest(hex)).toBe('sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:');
  });
});
