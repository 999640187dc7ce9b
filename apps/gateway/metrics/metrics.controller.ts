import { Controller, Get, Header, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Registry } from 'prom-client';
import { RequireScopes } from '../http/api-key.guard';
import { ApiProblems } from '../http/api-problems';
import { SERVICE_SCHEME } from '../http/faces';
import { MetricsGuard } from './metrics.guard';
import { MetricsRegistry } from './metrics-registry';

@ApiTags('admin')
@Controller('metrics')
@UseGuards(MetricsGuard)
@RequireScopes('admin')
export class MetricsController {
  constructor(private readonly metrics: MetricsRegistry) {}

  @Get()
  @Header('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE)
  @Header('Cache-Control', 'no-store')
  @ApiBearerAuth(SERVICE_SCHEME)
  @ApiOperation({
    operationId: 'getMetrics',
    summary: 'Figures for Prometheus',
    description:
      'In its text format, 0.0.4; docs/operations.md tells what each means. With `FOREMAN_METRICS_PUBLIC=true` no key is needed.',
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' } })
  @ApiProblems('auth.missing', 'auth.invalid', 'auth.forbidden', 'internal')
  read(): Promise<string> {
    return this.metrics.text();
  }
}
