import { IdempotencyKeys, type Principal } from '@foreman/access';
import { UnitOfWork } from '@foreman/database';
import { Enrolments } from '@foreman/edges';
import { isoTime } from '@foreman/kernel';
import { Body, Controller, Post, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiIdempotencyKey } from '../http/api-idempotency-key';
import { ApiProblems } from '../http/api-problems';
import { ServiceFace } from '../http/faces';
import { Idempotency, type IdempotencyHeader } from '../http/idempotency-key';
import { Caller } from '../http/principals';
import { CreateEnrolmentDto, NewEnrolmentDto } from './enrolment.dto';
import { type GoneDto, madeOnce } from '../http/repeatable';

@ApiTags('admin')
@Controller('admin/enrolments')
@ServiceFace('admin')
export class EnrolmentsController {
  constructor(
    private readonly enrolments: Enrolments,
    private readonly idempotency: IdempotencyKeys,
    private readonly work: UnitOfWork,
  ) {}

  @Post()
  @ApiOperation({
    operationId: 'createEnrolment',
    summary: 'Let one machine enrol',
    description:
      'Answers a one-time token for `POST /internal/edges/enroll`. It may fix the name, kinds and labels of the edge. The machine may repeat its enrolment until its own token is first used.',
  })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({ type: NewEnrolmentDto })
  @ApiOkResponse({ type: NewEnrolmentDto, description: 'A repeat of its Idempotency-Key' })
  @ApiProblems(
    'request.invalid',
    'request.too_large',
    'request.unsupported_type',
    'idempotency.conflict',
    'edge.name_taken',
  )
  create(
    @Body() body: CreateEnrolmentDto,
    @Caller() caller: Principal,
    @Idempotency() header: IdempotencyHeader | null,
    @Res({ passthrough: true }) response: Response,
  ): Promise<NewEnrolmentDto | GoneDto> {
    return this.work.run((tx) =>
      madeOnce<NewEnrolmentDto>(
        tx,
        this.idempotency,
        { caller, header, response },
        async () => {
          const { enrolment, token } = await this.enrolments.create(tx, {
            name: body.name,
            kinds: body.kinds,
            labels: body.labels,
            ttlSeconds: body.ttlSeconds,
          });
          return { id: enrolment.id, answer: { token, expiresAt: isoTime(enrolment.expiresAt) } };
        },
        async (id) => {
          const enrolment = await this.enrolments.get(tx, id);
          return { token: null, expiresAt: isoTime(enrolment.expiresAt) };
        },
      ),
    );
  }
}
