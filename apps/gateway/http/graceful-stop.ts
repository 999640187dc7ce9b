import type { Server } from 'node:http';
import { ParkedPolls } from '@foreman/leasing';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ConnectionClosing } from './connection-closing';

/**
 * SIGTERM, in order: parked polls are answered; no new connections; what runs is finished; then the
 * modules end, the database last (`onApplicationShutdown`).
 */
@Injectable()
export class GracefulStop implements BeforeApplicationShutdown {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly connections: ConnectionClosing,
    private readonly polls: ParkedPolls,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    this.polls.close();
    const server: Server = this.host.httpAdapter.getHttpServer();
    await this.connections.stop(server);
  }
}
