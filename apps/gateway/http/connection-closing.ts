import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { cutConnection } from './cut-off';

/**
 * How long a stopping gateway lets running requests go on, in ms: with the webhooks that are under way before
 * and the schedules after, within the 10 s of the contract.
 */
const FINISH_WITHIN_MS = 5500;

/** Ends the connections of a stopping server once what runs on them has been answered. */
export class ConnectionClosing {
  private isStopping = false;
  private readonly sockets = new Set<Socket>();

  /** While stopping, every answer is the last one of its connection. */
  readonly middleware: RequestHandler = (
    request: Request,
    response: Response,
    next: NextFunction,
  ) => {
    const { socket } = request;
    if (this.isStopping) response.setHeader('Connection', 'close');
    else response.once('finish', () => this.isStopping && socket.destroySoon());
    if (!this.sockets.has(socket)) socket.once('close', () => this.sockets.delete(socket));
    this.sockets.add(socket);
    next();
  };

  /** Refuses new connections and settles when the running requests are done, or cut off after 5.5 s. */
  async stop(server: Server): Promise<void> {
    this.isStopping = true;
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const limit = setTimeout(() => {
      for (const socket of this.sockets) cutConnection(socket);
      server.closeAllConnections();
    }, FINISH_WITHIN_MS);
    await closed;
    clearTimeout(limit);
  }
}
