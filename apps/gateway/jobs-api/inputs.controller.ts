import { IdempotencyKeys, type Principal } from '@foreman/access';
import { Inputs, type InputRecord } from '@foreman/artifacts';
import { ReadConnection, UnitOfWork } from '@foreman/database';
import { Body, Controller, Delete, Get, HttpCode, Post, Put, Req, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { digestsOf } from '../edge-api/digest-headers';
import { requestBytes } from '../edge-api/request-bytes';
import { ApiIdempotencyKey } from '../http/api-idempotency-key';
import { RequireScopes } from '../http/api-key.guard';
import { ApiProblems } from '../http/api-problems';
import { TakesBody } from '../http/body.guard';
import { DiskReserve } from '../http/disk-reserve';
import { ServiceFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { Idempotency, type IdempotencyHeader } from '../http/idempotency-key';
import { Caller } from '../http/principals';
import { ApiRepeat, type GoneDto, madeOnce } from '../http/repeatable';
import { NeedsStorage } from '../http/needs-storage';
import { CreateInputDto, InputDto, inputDto } from './input.dto';

@ApiTags('inputs')
@Controller('inputs')
@ServiceFace('jobs:write')
export class InputsController {
  constructor(
    private readonly inputs: Inputs,
    private readonly idempotency: IdempotencyKeys,
    private readonly unitOfWork: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly disk: DiskReserve,
  ) {}

  @Post()
  @NeedsStorage()
  @ApiOperation({
    operationId: 'createInput',
    summary: 'Announce an input',
    description:
      'For what is too large for a payload, or no JSON. Put its bytes to the `url` of the answer, then name its `id` in the `inputs` of a job. What is said here of size and digest is held against the bytes.',
  })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({ type: InputDto, description: 'Open; `Location` is the input' })
  @ApiRepeat(InputDto)
  @ApiProblems(
    'request.invalid',
    'request.too_large',
    'request.unsupported_type',
    'input.not_found',
    'idempotency.conflict',
    'artifact.too_large',
  )
  async create(
    @Body() body: CreateInputDto,
    @Caller() caller: Principal,
    @Idempotency() header: IdempotencyHeader | null,
    @Res({ passthrough: true }) response: Response,
  ): Promise<InputDto | GoneDto> {
    const input = await this.unitOfWork.run((tx) =>
      madeOnce<InputRecord>(
        tx,
        this.idempotency,
        { caller, header, response },
        async () => {
          const made = await this.inputs.create(tx, {
            contentType: body.contentType,
            size: body.size ?? undefined,
            sha256: body.sha256 ?? undefined,
            ttlSeconds: body.ttlSeconds ?? undefined,
            createdBy: caller.credentialId,
          });
          return { id: made.id, answer: made };
        },
        (id) => this.inputs.get(tx, id),
      ),
    );
    if ('gone' in input) return input;
    response.location(this.inputs.urlOf(input.id));
    return this.dto(input);
  }

  @Put(':id')
  @NeedsStorage('upload')
  @TakesBody({ json: 'none' })
  @ApiOperation({
    operationId: 'putInput',
    summary: "Upload an input's bytes",
    description:
      'Raw bytes, streamed and hashed; the type is the one that was announced. The same bytes again: 200. Once stored they never change: other bytes are refused.',
  })
  @ApiHeader({
    name: 'Repr-Digest',
    required: false,
    description: 'RFC 9530: the bytes that arrive must have this digest. Also as `Content-Digest`.',
    example: 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:',
  })
  @ApiConsumes('application/octet-stream', 'application/json', 'text/csv')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiCreatedResponse({ type: InputDto, description: 'Stored' })
  @ApiOkResponse({ type: InputDto, description: 'These very bytes were there' })
  @ApiProblems(
    'request.invalid',
    'request.unsupported_type',
    'artifact.digest_mismatch',
    'artifact.too_large',
    'input.not_found',
    'input.conflict',
    'rate.limited',
  )
  async put(
    @IdParam('input.not_found') id: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<InputDto> {
    const { input, isNew } = await this.inputs.put({
      inputId: id,
      body: this.disk.whileRoom(requestBytes(request)),
      digests: digestsOf(request),
    });
    response.status(isNew ? 201 : 200);
    return this.dto(input);
  }

  @Get(':id')
  @RequireScopes('jobs:read')
  @ApiOperation({
    operationId: 'getInput',
    summary: 'Look at an input',
    description: 'What is known of it; its bytes are for the edges of the jobs that name it.',
  })
  @ApiOkResponse({ type: InputDto })
  @ApiProblems('input.not_found')
  async get(@IdParam('input.not_found') id: string): Promise<InputDto> {
    return this.dto(await this.inputs.get(this.reads, id));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteInput',
    summary: 'Delete an input',
    description: 'No new job can name it. The jobs that do keep it as long as they are kept.',
  })
  @ApiNoContentResponse({ description: 'Deleted' })
  @ApiProblems('input.not_found')
  async delete(@IdParam('input.not_found') id: string): Promise<void> {
    await this.unitOfWork.run((tx) => this.inputs.remove(tx, id));
  }

  private dto(input: InputRecord): InputDto {
    return inputDto(input, this.inputs.urlOf(input.id));
  }
}
