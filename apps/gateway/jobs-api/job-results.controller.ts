import { ReadConnection } from '@foreman/database';
import { getJob } from '@foreman/jobs';
import { ResultExports, ResultQueries, ResultSummaries, type ResultQuery } from '@foreman/results';
import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { create as contentDisposition } from 'content-disposition';
import type { Request, Response } from 'express';
import { ApiPage } from '../http/api-page';
import { ApiProblems } from '../http/api-problems';
import { Downloads } from '../http/downloads';
import { ServiceFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { pageRequestOf } from '../http/page.dto';
import { ListResultsQueryDto, ResultRowDto, SummaryQueryDto } from './result.dto';
import { ResultSummaryDto, resultSummaryDto } from './result-summary.dto';

const NDJSON = 'application/x-ndjson';
const CSV = 'text/csv';

@ApiTags('jobs')
@Controller('jobs/:id/results')
@ServiceFace('jobs:read')
export class JobResultsController {
  constructor(
    private readonly reads: ReadConnection,
    private readonly queries: ResultQueries,
    private readonly exports: ResultExports,
    private readonly summaries: ResultSummaries,
    private readonly downloads: Downloads,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'listResults',
    summary: "List a job's result rows",
    description:
      'A page as JSON, sorted by any metric (nulls last) or in the order of arrival; the pages are of the rows that were there at the first. With `Accept: application/x-ndjson` or `text/csv` all rows that are there are streamed, under the same `sort`, `where` and `fields`.',
  })
  @ApiPage(ResultRowDto, 'One page, or, as NDJSON or CSV, all rows')
  @ApiProblems('request.invalid', 'job.not_found', 'results.dropped', 'rate.limited')
  async list(
    @IdParam('job.not_found') id: string,
    @Query() query: ListResultsQueryDto,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { kind } = await getJob(this.reads, id);
    const asked = queryOf(query);
    const type = request.accepts(['application/json', NDJSON, CSV]);
    if (type === NDJSON || type === CSV) return this.stream({ id, kind }, type, asked, response);
    const page = await this.queries.pageText(this.reads, id, { ...pageRequestOf(query), ...asked });
    // Put together from the rows' own texts: parsed and written again, large numbers would lose digits.
    const nextCursor = JSON.stringify(page.nextCursor);
    response
      .type('application/json')
      .send(`{"items":[${page.items.join(',')}],"nextCursor":${nextCursor}}`);
  }

  @Get('summary')
  @ApiOperation({
    operationId: 'summarizeResults',
    summary: "Sum up a job's result rows",
    description:
      'How many there are, and of each metric the extremes, the mean and exact quantiles; with `where`, of the rows that meet the conditions.',
  })
  @ApiOkResponse({ type: ResultSummaryDto })
  @ApiProblems('request.invalid', 'job.not_found', 'results.dropped', 'rate.limited')
  async summary(
    @IdParam('job.not_found') id: string,
    @Query() query: SummaryQueryDto,
  ): Promise<ResultSummaryDto> {
    await getJob(this.reads, id);
    return resultSummaryDto(await this.summaries.of(this.reads, id, query.where));
  }

  private async stream(
    job: { readonly id: string; readonly kind: string },
    type: string,
    query: ResultQuery,
    response: Response,
  ): Promise<void> {
    const isCsv = type === CSV;
    const rows = isCsv
      ? await this.exports.csv(job.id, query)
      : await this.exports.ndjson(job.id, query);
    response.setHeader('Content-Type', isCsv ? `${CSV}; charset=utf-8; header=present` : NDJSON);
    // A kind may have slashes and colons, which no file's name should.
    const name = `results-${job.kind.replaceAll(/[:/]/g, '-')}-${job.id}`;
    response.setHeader(
      'Content-Disposition',
      contentDisposition(`${name}.${isCsv ? 'csv' : 'ndjson'}`),
    );
    await this.downloads.stream(rows, response);
  }
}

function queryOf({ sort, order, where, fields }: ListResultsQueryDto): ResultQuery {
  return { sort: sort ?? null, order: order ?? 'desc', where: where ?? [], fields: fields ?? null };
}
