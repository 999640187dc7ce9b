import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { eventually } from '@foreman/testing';
import express, { type Request, type Response } from 'express';
import { cutUnreadAnswers } from './unread-answers';

/** Answers wait for longer than the limit. */
jest.setTimeout(120_000);

const WAIT_MS = 60_000;
const IDLE_MS = 500;
/** More than what the kernel keeps of a connection. */
const LARGE = Buffer.alloc(32 * 1_048_576, 'x');

describe('an answer that is complete', () => {
  let server: Server;
  let sockets: Socket[];
  let closed: string[];

  beforeAll(async () => {
    const app = express();
    app.use(cutUnreadAnswers(IDLE_MS));
    app.use((_request: Request, response: Response, next) => {
      const { socket } = response.req;
      response.once('close', () => closed.push(socket.destroyed ? 'cut off' : 'out'));
      next();
    });
    app.get('/large', (_request: Request, response: Response) => {
      response.end(LARGE);
    });
    app.get('/late', async (_request: Request, response: Response) => {
      response.write('waits');
      const startMs = performance.now();
      await eventually('four times', () => performance.now() > startMs + 4 * IDLE_MS, WAIT_MS);
      response.end('is late');
    });
    server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  beforeEach(() => {
    [sockets, closed] = [[], []];
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
  });

  /** Reads nothing by itself. */
  function ask(...paths: string[]): Socket {
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
    sockets.push(socket);
    return socket;
  }

  /** The length of all that has come, and its end. */
  function readOf(socket: Socket) {
    const read = { bytes: 0, end: '' };
    socket.on('data', (piece: Buffer) => {
      read.bytes += piece.length;
      read.end = (read.end + piece.toString('latin1')).slice(-100);
    });
    return read;
  }

  const over = (count: number) =>
    eventually('they are over', () => closed.length === count, WAIT_MS);

  it('and is not read: it is cut off', async () => {
    ask('/large');
    await over(1);
    expect(closed).toEqual(['cut off']);
  });

  it('is sent whole to one who reads it, and the connection is kept', async () => {
    const socket = ask('/large');
    const read = readOf(socket);
    await over(1);
    socket.write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
    await over(2);
    expect(closed).toEqual(['out', 'out']);
    await eventually('both are read', () => read.bytes > 2 * LARGE.length, WAIT_MS);
  });

  it('sets no limit to those that are not: not alone, not behind it on one connection', async () => {
    const alone = readOf(ask('/late'));
    const behind = readOf(ask('/large', '/late'));
    await eventually('both', () => [alone, behind].every(isWhole), WAIT_MS);
    await over(3);
    expect(closed).toEqual(['out', 'out', 'out']);
  });
});

const isWhole = ({ end }: { end: string }) => end.includes('is late');
