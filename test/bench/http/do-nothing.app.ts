import type { AddressInfo } from 'node:net';
import {
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  HttpCode,
  Injectable,
  Module,
  Param,
  Post,
  Put,
  Res,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import {
  DoNothingCompleteDto,
  DoNothingHeartbeatDto,
  DoNothingIdDto,
  DoNothingJobDto,
  DoNothingNextDto,
  DoNothingResultsDto,
} from './do-nothing.dto';
import type { DoNothingNotice, DoNothingOrder } from './do-nothing.protocol';

/** What it has been ordered to answer. */
@Injectable()
class Orders {
  private tokens = new Set<string>();
  private json: unknown = {};
  private received: readonly object[] = [];
  bytes: Buffer = Buffer.alloc(0);
  contentType = '';

  take(order: DoNothingOrder): void {
    this.tokens = new Set(order.tokens.map((token) => `Bearer ${token}`));
    this.bytes = Buffer.from(order.body, 'base64');
    this.contentType = order.contentType;
    this.json = /\bjson\b/.test(order.contentType) ? JSON.parse(this.bytes.toString()) : {};
  }

  /** Keeps what was received until the next call, so that nobody can say it was never looked at. */
  answerTo(...received: object[]): unknown {
    this.received = received;
    return this.received.length > 0 ? this.json : {};
  }

  knows(authorization: string | undefined): boolean {
    return authorization !== undefined && this.tokens.has(authorization);
  }
}

@Injectable()
class TokenGuard implements CanActivate {
  constructor(private readonly orders: Orders) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    return this.orders.knows(request.headers.authorization);
  }
}

/** The routes of the hot calls. Each takes what the gateway takes, does nothing, and answers as much. */
@Controller()
@UseGuards(TokenGuard)
class DoNothingController {
  constructor(private readonly orders: Orders) {}

  @Post('jobs')
  submit(@Body() job: DoNothingJobDto): unknown {
    return this.orders.answerTo(job);
  }

  @Get('jobs/:id')
  job(@Param() wanted: DoNothingIdDto): unknown {
    return this.orders.answerTo(wanted);
  }

  @Get('jobs/:id/artifacts/:name')
  artifact(@Param() job: DoNothingIdDto, @Res() response: Response): void {
    this.orders.answerTo(job);
    response.type(this.orders.contentType).send(this.orders.bytes);
  }

  @Post('internal/edges/tasks/next')
  @HttpCode(200)
  next(@Body() next: DoNothingNextDto): unknown {
    return this.orders.answerTo(next);
  }

  @Post('internal/edges/tasks/:id/heartbeat')
  @HttpCode(200)
  heartbeat(@Param() task: DoNothingIdDto, @Body() report: DoNothingHeartbeatDto): unknown {
    return this.orders.answerTo(task, report);
  }

  @Post('internal/edges/tasks/:id/results')
  @HttpCode(200)
  results(@Param() task: DoNothingIdDto, @Body() results: DoNothingResultsDto): unknown {
    return this.orders.answerTo(task, results);
  }

  @Put('internal/edges/tasks/:id/artifacts/:name')
  @HttpCode(201)
  upload(@Param() task: DoNothingIdDto): unknown {
    return this.orders.answerTo(task);
  }

  @Post('internal/edges/tasks/:id/complete')
  @HttpCode(200)
  complete(@Param() task: DoNothingIdDto, @Body() summary: DoNothingCompleteDto): unknown {
    return this.orders.answerTo(task, summary);
  }
}

@Module({ controllers: [DoNothingController], providers: [Orders] })
class DoNothingModule {}

/** A bare Nest + Express application in a process of its own: it ends when its parent lets go of it. */
export async function serveDoNothing(): Promise<void> {
  const app = await NestFactory.create<NestExpressApplication>(DoNothingModule, { logger: false });
  app.useBodyParser('raw', { type: 'application/octet-stream' });
  app.useGlobalPipes(new ValidationPipe({ transform: true }));
  // The gateway makes none either; without, the baseline is the faster one.
  app.disable('etag');
  const tell = (notice: DoNothingNotice) => process.send?.(notice);
  process.on('message', (order) => {
    app.get(Orders).take(order as DoNothingOrder);
    tell({ isReady: true });
  });
  process.once('disconnect', () => void app.close());
  await app.listen(0, '127.0.0.1');
  tell({ port: (app.getHttpServer().address() as AddressInfo).port });
}
