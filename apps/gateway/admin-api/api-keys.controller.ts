import { ApiKeys, IdempotencyKeys, type Principal } from '@foreman/access';
import { ReadConnection, UnitOfWork } from '@foreman/database';
import { Body, Controller, Delete, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiIdempotencyKey } from '../http/api-idempotency-key';
import { ApiPage, pageAnswer } from '../http/api-page';
import { ApiProblems } from '../http/api-problems';
import { CallsUnderWay } from '../http/calls-under-way';
import { ServiceFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { Idempotency, type IdempotencyHeader } from '../http/idempotency-key';
import { PageQueryDto, pageRequestOf } from '../http/page.dto';
import { Caller } from '../http/principals';
import { ApiKeyDto, CreateApiKeyDto, NewApiKeyDto, apiKeyDto } from './api-key.dto';
import { type GoneDto, madeOnce } from '../http/repeatable';

@ApiTags('admin')
@Controller('admin/api-keys')
@ServiceFace('admin')
export class ApiKeysController {
  constructor(
    private readonly keys: ApiKeys,
    private readonly idempotency: IdempotencyKeys,
    private readonly work: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly calls: CallsUnderWay,
  ) {}

  @Post()
  @ApiOperation({
    operationId: 'createApiKey',
    summary: 'Make an API key',
    description:
      'For a service or an administrator. The token is shown in this answer only; Foreman keeps its SHA-256. A repeat of an Idempotency-Key answers the same key without the token.',
  })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({ type: NewApiKeyDto })
  @ApiOkResponse({ type: NewApiKeyDto, description: 'A repeat of its Idempotency-Key' })
  @ApiProblems(
    'request.invalid',
    'request.too_large',
    'request.unsupported_type',
    'idempotency.conflict',
  )
  create(
    @Body() body: CreateApiKeyDto,
    @Caller() caller: Principal,
    @Idempotency() header: IdempotencyHeader | null,
    @Res({ passthrough: true }) response: Response,
  ): Promise<NewApiKeyDto | GoneDto> {
    return this.work.run((tx) =>
      madeOnce<NewApiKeyDto>(
        tx,
        this.idempotency,
        { caller, header, response },
        async () => {
          const { key, token } = await this.keys.create(tx, {
            name: body.name,
            scopes: body.scopes,
          });
          return { id: key.id, answer: { ...apiKeyDto(key), token } };
        },
        async (id) => ({ ...apiKeyDto(await this.keys.get(tx, id)), token: null }),
      ),
    );
  }

  @Get()
  @ApiOperation({
    operationId: 'listApiKeys',
    summary: 'List API keys',
    description: 'Newest first, revoked ones included. Tokens are not shown again.',
  })
  @ApiPage(ApiKeyDto)
  @ApiProblems('request.invalid')
  async list(@Query() query: PageQueryDto) {
    return pageAnswer(await this.keys.list(this.reads, pageRequestOf(query)), apiKeyDto);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'revokeApiKey',
    summary: 'Revoke an API key',
    description:
      'It opens nothing from the answer on: its calls under way are over by then, its streams are cut off. Repeated, it changes nothing.',
  })
  @ApiNoContentResponse({ description: 'Revoked' })
  @ApiProblems('api_key.not_found')
  async revoke(@IdParam('api_key.not_found') id: string, @Req() request: Request): Promise<void> {
    await this.work.run((tx) => this.keys.revoke(tx, id));
    await this.calls.revoked(id, request);
  }
}
