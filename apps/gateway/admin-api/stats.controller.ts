import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ServiceFace } from '../http/faces';
import { PacedStats } from './paced-stats';
import { StatsDto } from './stats.dto';

@ApiTags('admin')
@Controller('admin/stats')
@ServiceFace('admin')
export class StatsController {
  constructor(private readonly stats: PacedStats) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'getStats',
    summary: 'One look at the whole',
    description:
      'How many jobs, tasks, edges, deliveries and artifacts there are, and how large the database is. Counted anew when twenty times as long has passed as the last count took: at once in a small database, after some seconds in one of millions of jobs.',
  })
  @ApiOkResponse({ type: StatsDto })
  read(): Promise<StatsDto> {
    return this.stats.read();
  }
}
