import { ArtifactObjects, UploadUrls, notOfSize } from '@foreman/artifacts';
import { ReadConnection } from '@foreman/database';
import { invalidField } from '@foreman/kernel';
import { Controller, Param, Put, Req, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { digestsOf } from '../edge-api/digest-headers';
import { requestBytes } from '../edge-api/request-bytes';
import { ApiIdempotencyKey } from '../http/api-idempotency-key';
import { ApiProblems } from '../http/api-problems';
import { DiskReserve } from '../http/disk-reserve';
import { IdempotencyKey } from '../http/idempotency-key';
import { UploadPlaces } from '../http/upload-places';
import { ArtifactObjectDto } from '../jobs-api/job.dto';
import { ApiSignedQuery, SignedFace } from './signed-face';

@ApiTags('signed')
@Controller('signed/tasks/:id/artifacts/:name')
@SignedFace()
export class SignedUploadsController {
  constructor(
    private readonly urls: UploadUrls,
    private readonly disk: DiskReserve,
    private readonly places: UploadPlaces,
    private readonly objects: ArtifactObjects,
    private readonly reads: ReadConnection,
  ) {}

  @Put()
  @ApiOperation({
    operationId: 'putSignedArtifact',
    summary: 'Upload an artifact by a signed URL',
    description:
      'No bearer token is needed, or looked at. The bytes are staged as by `putArtifact`: of the type and size that the URL was made for, and while its lease lives.',
  })
  @ApiSignedQuery('attempt', 'lease', 'type', 'size', 'sha256')
  @ApiIdempotencyKey()
  @ApiConsumes('application/octet-stream', 'application/json', 'text/csv', 'image/svg+xml')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiCreatedResponse({ type: ArtifactObjectDto })
  @ApiOkResponse({
    type: ArtifactObjectDto,
    description: 'These bytes, or this key, were there: what is staged now',
  })
  @ApiProblems(
    'request.invalid',
    'request.unsupported_type',
    'artifact.digest_mismatch',
    'artifact.too_large',
    'lease.lost',
    'idempotency.conflict',
    'task.not_found',
    'rate.limited',
    'server.storage_full',
  )
  async put(
    @Param('id') taskId: string,
    @Param('name') name: string,
    @IdempotencyKey() idempotencyKey: string | null,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ArtifactObjectDto> {
    const upload = this.urls.open({ taskId, name, query: request.query });
    checkHeaders(request, upload.claims);
    const digests = digestsOf(request);
    const body = this.disk.whileRoom(requestBytes(request));
    const { artifact, isNew } = await this.places.during(() =>
      this.disk.during(upload.claims.size, () =>
        this.urls.put(upload, body, digests, idempotencyKey),
      ),
    );
    response.status(isNew ? 201 : 200);
    return this.objects.staged(this.reads, artifact);
  }
}

/**
 * What the headers say must be what the URL was made for; what they leave out is as it says.
 * @throws `request.invalid`
 */
function checkHeaders(
  request: Request,
  { contentType, size }: { readonly contentType: string; readonly size: number },
): void {
  const sentType = request.get('Content-Type');
  if (sentType !== undefined && sentType !== contentType) {
    throw invalidField('Content-Type', `must be ${contentType}, which the URL was made for`);
  }
  const length = request.get('Content-Length');
  if (length !== undefined && Number(length) !== size) throw notOfSize(size);
}
