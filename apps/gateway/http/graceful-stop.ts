import type { Server } from 'node:http';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ConnectionClosing } from './connection-closing';

/**
 * SIGTERM, in order: parked polls are answered and loops end (`onModuleDestroy` of the libs, which Nest
 * calls before this); no new connections; what runs is finished; then the database closes
 * (`onApplicationShutdown`).
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
