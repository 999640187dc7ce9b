import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ServiceFace } from '../http/faces';
import { StatsDto } from './stats.dto';
import { StatsReader } from './stats.reader';

@ApiTags('admin')
@Controller('admin/stats')
@ServiceFace('admin')
export class StatsController {
  constructor(private readonly stats: StatsReader) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'getStats',
    summary: 'One look at the whole',
    description:
      'How many jobs, tasks, edges, deliveries and artifacts there are, and how large the database is.',
  })
  @ApiOkResponse({ type: StatsDto })
  read(): Promise<StatsDto> {
    return this.stats.read();
  }
}
