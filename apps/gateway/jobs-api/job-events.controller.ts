import { jobNotFound, isFinalized } from '@foreman/jobs';
import { invalidField } from '@foreman/kernel';
import { Controller, Get, Headers, Req, Res } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiProblems } from '../http/api-problems';
import { ServiceFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { EventPages } from './events/event-pages';
import { EventReaders, STREAM_HEADERS } from './events/event-readers';
import {
  ArtifactEventDto,
  JobProgressEventDto,
  JobStateEventDto,
  TaskEventDto,
} from './events/job-event.dto';

const EXAMPLE =
  'id: 4711\nevent: state\ndata: {"status":"running","run":1,"seq":2,"at":"2026-11-22T01:00:00.000Z"}\n\n';

@ApiTags('jobs')
@Controller('jobs/:id/events')
@ServiceFace('jobs:read')
export class JobEventsController {
  constructor(
    private readonly pages: EventPages,
    private readonly readers: EventReaders,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'streamJobEvents',
    summary: "Follow a job's events as they happen",
    description:
      'Server-sent events: `state`, `task`, `artifact`, `progress`, `gone`. Begins with the present state, or after the `Last-Event-ID`; ends when the job is finalized and all is told.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, example: '4711' })
  @ApiExtraModels(JobStateEventDto, TaskEventDto, ArtifactEventDto, JobProgressEventDto)
  @ApiOkResponse({
    description: 'The stream. The data of each event is the schema of its name, as JSON',
    content: { 'text/event-stream': { schema: { type: 'string' }, example: EXAMPLE } },
  })
  @ApiNoContentResponse({ description: 'The `Last-Event-ID` is that of the end: all is told' })
  @ApiProblems('request.invalid', 'job.not_found', 'rate.limited')
  async stream(
    @IdParam('job.not_found') id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const last = positionOf(lastEventId);
    const job = await this.pages.state(id);
    if (job === null) throw jobNotFound(id);
    // A browser that is told 204 does not come back.
    const isTold = last === job.position && isFinalized(job.status);
    if (isTold) return void response.status(204).end();
    // Express answers HEAD by this route, too: there is nothing to wait for then.
    if (request.method === 'HEAD') return void response.writeHead(200, STREAM_HEADERS).end();
    // From a database that was restored from a backup since: there is no such event.
    const after = last === null || last > job.position ? null : last;
    await this.readers.serve(id, { job, after }, response);
  }
}

function positionOf(lastEventId: string | undefined): number | null {
  if (lastEventId === undefined || lastEventId === '') return null;
  if (/^\d{1,15}$/.test(lastEventId)) return Number(lastEventId);
  throw invalidField('Last-Event-ID', 'must be the id of an event of this stream');
}
