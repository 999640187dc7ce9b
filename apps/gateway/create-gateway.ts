import type { Server } from 'node:http';
import { ApiKeys } from '@foreman/access';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import express, { type Express, type RequestHandler } from 'express';
import { Logger } from 'nestjs-pino';
import { AppModule, type StandIns } from './app.module';
import type { GatewayOptions } from './config/gateway-options';
import { configureApp } from './configure-app';
import { settling } from './http/calls-under-way';
import { PublicUrl } from './http/public-url';

/**
 * Builds the gateway: opens and migrates the database, makes the admin token known. Does not listen.
 * @throws DatabaseLockedError, NewerSchemaError
 */
export async function createGateway(
  options: GatewayOptions,
  standIns: StandIns = {},
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.forRoot(options, standIns),
    new ExpressAdapter(createServer()),
    // Nest's own logger would tell of a refused start with a stack; main.ts says it in one sentence.
    { bodyParser: false, logger: false, abortOnError: false },
  );
  app.useLogger(app.get(Logger));
  configureApp(app);
  const adminToken = await app.get(ApiKeys).ensureAdmin(options.adminToken);
  if (adminToken === 'revoked') {
    app.get(Logger).warn('The admin token of the settings has been revoked; it opens nothing');
  }
  return app;
}

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete'] as const;

/** Express, whose routes match by their case, and let each call go when it has settled. */
function createServer(): Express {
  // The router takes this over when it is first used, which is when the adapter is made.
  const server = express().enable('case sensitive routing');
  for (const method of METHODS) {
    const add = server[method].bind(server) as (path: string, ...of: RequestHandler[]) => Express;
    const addSettling = (path: string, ...handlers: RequestHandler[]) =>
      add(path, ...handlers.map(settling));
    Object.assign(server, { [method]: addSettling });
  }
  return server;
}

/** Listens; answers the base of the urls that the gateway hands out. */
export async function startGateway(
  app: NestExpressApplication,
  options: Pick<GatewayOptions, 'host' | 'port'>,
): Promise<string> {
  await app.listen(options.port, options.host);
  const publicUrl = app.get(PublicUrl);
  const server: Server = app.getHttpServer();
  publicUrl.listeningOn(server);
  return publicUrl.base();
}
