import { type RawBodyRequest, receiveNestWebhook } from '@foreman/client';
import { Controller, HttpCode, Module, Post, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { JobInbox } from './job-inbox';

export async function nestReceiver(inbox: JobInbox, secrets: string[]) {
  @Controller('hooks')
  class HooksController {
    @Post('foreman')
    @HttpCode(204)
    receive(@Req() request: RawBodyRequest): void {
      inbox.take(receiveNestWebhook(request, secrets));
    }
  }

  @Module({ controllers: [HooksController] })
  class AppModule {}

  const app = await NestFactory.create<NestExpressApplication>(AppModule, {
    rawBody: true, // what is signed are the bytes, not what Nest makes of them
    logger: ['error', 'warn'],
  });
  app.useBodyParser('json', { limit: '4mb' }); // Nest's own limit is 100 KB
  return app;
}
