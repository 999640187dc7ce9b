import { Retention } from '@foreman/retention';
import { Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../http/api-problems';
import { ServiceFace } from '../http/faces';

/** What a retention run did. */
class RetentionRunDto {
  @ApiProperty({ description: 'Jobs whose time had come', example: 12 })
  examined!: number;

  @ApiProperty({ description: 'Jobs removed', example: 11 })
  jobs!: number;

  @ApiProperty({ description: 'Artifacts removed with them', example: 44 })
  artifacts!: number;

  @ApiProperty({ description: 'Bytes of these artifacts', example: 5_767_168 })
  bytes!: number;
}

@ApiTags('admin')
@Controller('admin/retention')
@ServiceFace('admin')
export class RetentionController {
  constructor(private readonly retention: Retention) {}

  @Post('run')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'runRetention',
    summary: 'Prune now',
    description:
      'Removes the jobs whose time has come, with their artifacts, without waiting for the schedule. Pinned jobs stay, and jobs that still owe a delivery. A call during a run answers with that run.',
  })
  @ApiOkResponse({ type: RetentionRunDto })
  @ApiProblems('request.unsupported_type')
  async run(): Promise<RetentionRunDto> {
    const { examined, jobs, artifacts, bytes } = await this.retention.runOnce();
    return { examined, jobs, artifacts, bytes };
  }
}
