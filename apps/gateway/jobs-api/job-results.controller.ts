import { pipeline } from 'node:stream/promises';
import { ReadConnection } from '@foreman/database';
import { getJob } from '@foreman/jobs';
import { ResultExports, ResultQueries, type ResultRowView } from '@foreman/results';
import { Controller, Get, Logger, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { create as contentDisposition } from 'content-disposition';
import type { Request, Response } from 'express';
import { ApiPage, pageAnswer } from '../http/api-page';
import { ApiProblems } from '../http/api-problems';
import { ServiceFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { pageRequestOf } from '../http/page.dto';
import { ListResultsQueryDto, ResultRowDto } from './result.dto';

const NDJSON = 'application/x-ndjson';
const CSV = 'text/csv';

@ApiTags('jobs')
@Controller('jobs/:id/results')
@ServiceFace('jobs:read')
export class JobResultsController {
  private readonly logger = new Logger(JobResultsController.name);

  constructor(
    private readonly reads: ReadConnection,
    private readonly queries: ResultQueries,
    private readonly exports: ResultExports,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'listResults',
    summary: "List a job's result rows",
    description:
      'A page as JSON, sorted by any metric (nulls last) or in the order of arrival. With `Accept: application/x-ndjson` or `text/csv` all rows that are there are streamed, in the order of arrival.',
  })
  @ApiPage(ResultRowDto, 'One page, or, as NDJSON or CSV, all rows')
  @ApiProblems('request.invalid', 'job.not_found')
  async list(
    @IdParam('job.not_found') id: string,
    @Query() query: ListResultsQueryDto,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await getJob(this.reads, id);
    const type = request.accepts(['application/json', NDJSON, CSV]);
    if (type === NDJSON || type === CSV) return this.stream(id, type, response);
    const { sort, order } = query;
    const page = await this.queries.page(this.reads, id, {
      ...pageRequestOf(query),
      sort: sort ?? null,
      order: order ?? 'desc',
    });
    response.json(pageAnswer(page, resultRowDto));
  }

  private async stream(id: string, type: string, response: Response): Promise<void> {
    const isCsv = type === CSV;
    const rows = isCsv ? await this.exports.csv(id) : this.exports.ndjson(id);
    response.setHeader('Content-Type', isCsv ? `${CSV}; charset=utf-8; header=present` : NDJSON);
    response.setHeader(
      'Content-Disposition',
      contentDisposition(`results-${id}.${isCsv ? 'csv' : 'ndjson'}`),
    );
    try {
      await pipeline(rows, response);
    } catch (error) {
      // The headers are out: a stream that failed is cut off, and never ends as if it were whole.
      response.destroy();
      this.logger.warn({ err: error, jobId: id }, 'An export of results was cut off');
    }
  }
}

function resultRowDto(row: ResultRowView): ResultRowDto {
  return {
    taskIndex: row.taskIndex,
    configId: row.configId,
    config: row.config,
    metrics: row.metrics,
  };
}
