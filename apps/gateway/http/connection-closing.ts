import type { Server } from 'node:http';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

/**
 * How long a stopping gateway lets running requests go on, in ms: with the webhooks that are under way before
 * and the schedules after, within the 10 s of the contract.
 */
const FINISH_WITHIN_MS = 5500;

/** Ends the connections of a stopping server once what runs on them has been answered. */
export class ConnectionClosing {
  private isStopping = false;

  /** While stopping, every answer is the last one of its connection. */
  readonly middleware: RequestHandler = (_: Request, response: Response, next: NextFunction) => {
    if (this.isStopping) response.setHeader('Connection', 'close');
    else response.once('finish', () => this.isStopping && response.req.socket.destroySoon());
    next();
  };

  /** Refuses new connections and settles when the running requests are done, or cut off after 5.5 s. */
  async stop(server: Server): Promise<void> {
    this.isStopping = true;
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const limit = setTimeout(() => server.closeAllConnections(), FINISH_WITHIN_MS);
    await closed;
    clearTimeout(limit);
  }
}
