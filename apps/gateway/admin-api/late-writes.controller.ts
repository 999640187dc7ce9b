import { ReadConnection, UnitOfWork } from '@foreman/database';
import { Edges } from '@foreman/edges';
import { isUuid } from '@foreman/kernel';
import { LateWriteViews } from '@foreman/leasing';
import { Controller, Delete, Get, Header, HttpCode, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiPage, pageAnswer } from '../http/api-page';
import { ApiProblems } from '../http/api-problems';
import { ServiceFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { pageRequestOf } from '../http/page.dto';
import {
  LateWriteDto,
  LateWriteWithBodyDto,
  ListLateWritesQueryDto,
  lateWriteDto,
} from './late-write.dto';

@ApiTags('admin')
@Controller('admin/late-writes')
@ServiceFace('admin')
export class LateWritesController {
  constructor(
    private readonly lateWrites: LateWriteViews,
    private readonly edges: Edges,
    private readonly work: UnitOfWork,
    private readonly reads: ReadConnection,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'listLateWrites',
    summary: 'List late writes',
    description:
      'Rows, completions and failures that came under a lease which was over, newest first, without their bodies. They are kept until their job is pruned.',
  })
  @ApiPage(LateWriteDto)
  @ApiProblems('request.invalid')
  async list(@Query() query: ListLateWritesQueryDto) {
    const edgeId = await this.edgeId(query.edge);
    if (edgeId === null) return { items: [], nextCursor: null };
    const filter = { jobId: query.job, edgeId };
    const page = await this.lateWrites.list(this.reads, filter, pageRequestOf(query));
    return pageAnswer(page, lateWriteDto);
  }

  @Get(':id')
  @ApiOperation({
    operationId: 'getLateWrite',
    summary: 'Look at one late write',
    description: 'With what the edge sent.',
  })
  @Header('Content-Type', 'application/json; charset=utf-8')
  @ApiOkResponse({ type: LateWriteWithBodyDto })
  @ApiProblems('late_write.not_found')
  async get(@IdParam('late_write.not_found') id: string): Promise<string> {
    const write = await this.lateWrites.get(this.reads, id);
    // The body's own text: parsed and written again, large numbers would lose digits.
    return `${JSON.stringify(lateWriteDto(write)).slice(0, -1)},"body":${write.bodyJson}}`;
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteLateWrite',
    summary: 'Clear a late write',
    description: 'For one that has been dealt with. Repeated: 404, which says the same.',
  })
  @ApiNoContentResponse({ description: 'Cleared' })
  @ApiProblems('late_write.not_found')
  async remove(@IdParam('late_write.not_found') id: string): Promise<void> {
    await this.work.run((tx) => this.lateWrites.remove(tx, id));
  }

  /** Null when there is no edge of this name. An id is taken as it is: late writes outlive their edge. */
  private async edgeId(idOrName: string | undefined): Promise<string | null | undefined> {
    if (idOrName === undefined || isUuid(idOrName)) return idOrName;
    return this.edges.resolve(this.reads, idOrName);
  }
}
