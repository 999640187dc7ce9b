import type { Server } from 'node:http';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ConnectionClosing } from './connection-closing';

/**
 * SIGTERM, in order: no new connections; parked polls are answered (each part that parks requests
 * does so in its `onModuleDestroy`, which Nest calls before this); what runs is finished; then the
 * modules end, the database last (`onApplicationShutdown`).
 */
@Injectable()
export class GracefulStop implements BeforeApplicationShutdown {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly connections: ConnectionClosing,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    const server: Server = this.host.httpAdapter.getHttpServer();
    await this.connections.stop(server);
  }
}
