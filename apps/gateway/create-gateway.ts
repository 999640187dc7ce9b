import type { Server } from 'node:http';
import { ApiKeys } from '@foreman/access';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import express from 'express';
import { Logger } from 'nestjs-pino';
import { AppModule, type StandIns } from './app.module';
import type { GatewayOptions } from './config/gateway-options';
import { configureApp } from './configure-app';
import { PublicUrl } from './http/public-url';

/**
 * Builds the gateway: opens and migrates the database, makes the admin token known. Does not listen.
 * @throws DatabaseLockedError, NewerSchemaError
 */
export async function createGateway(
  options: GatewayOptions,
  standIns: StandIns = {},
): Promise<NestExpressApplication> {
  // Its router takes this over when it is first used, which is when the adapter is made.
  const server = express().enable('case sensitive routing');
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.forRoot(options, standIns),
    new ExpressAdapter(server),
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
