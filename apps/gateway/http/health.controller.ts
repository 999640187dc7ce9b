import { Database } from '@foreman/database';
import { DomainError } from '@foreman/kernel';
import { Controller, Get, Header, Logger } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from './api-problems';

class HealthDto {
  @ApiProperty({ enum: ['ok'], example: 'ok' })
  status!: 'ok';
}

/** For load balancers and service managers; open to all. */
@ApiTags('health')
@Controller()
export class HealthController {
  private readonly logger = new Logger(HealthController.name);

  constructor(private readonly database: Database) {}

  @Get('healthz')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'Is the process alive?',
    description:
      'Answers as long as the process serves requests, whatever the state of the database.',
  })
  @ApiOkResponse({ type: HealthDto })
  healthz(): HealthDto {
    return { status: 'ok' };
  }

  @Get('readyz')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'Can work be taken?',
    description:
      'Answers 200 when the database takes writes, and 503 while it does not or the gateway stops.',
  })
  @ApiOkResponse({ type: HealthDto })
  @ApiProblems('server.busy')
  async readyz(): Promise<HealthDto> {
    try {
      await this.database.assertWritable();
    } catch (error) {
      this.logger.warn(error);
      throw new DomainError('server.busy', 'The database takes no writes at the moment.', {
        retryAfterSeconds: 5,
      });
    }
    return { status: 'ok' };
  }
}
