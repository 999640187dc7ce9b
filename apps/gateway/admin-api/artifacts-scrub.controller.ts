import { ArtifactScrub, type CorruptBlob } from '@foreman/artifacts';
import { isoTime, isoTimeOrNull } from '@foreman/kernel';
import { Controller, Get, Header, HttpCode, Logger, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../http/api-problems';
import { ServiceFace } from '../http/faces';
import { ArtifactScrubDto, type CorruptBytesDto } from './artifact-scrub.dto';

@ApiTags('admin')
@Controller('admin/artifacts/scrub')
@ServiceFace('admin')
export class ArtifactsScrubController {
  private readonly logger = new Logger(ArtifactsScrubController.name);

  constructor(private readonly scrub: ArtifactScrub) {}

  @Post()
  @HttpCode(202)
  @ApiOperation({
    operationId: 'startArtifactScrub',
    summary: 'Check what is stored, now',
    description:
      'Begins to read the bytes of all artifacts and inputs, slowly and in the background, and to hold them against their digests. While a pass is under way, or waits to go on, it is that one which the answer tells of.',
  })
  @ApiAcceptedResponse({ type: ArtifactScrubDto })
  @ApiProblems('request.unsupported_type')
  async start(): Promise<ArtifactScrubDto> {
    await this.scrub.begin();
    this.scrub.runOnce().catch((error: unknown) => this.logger.error(error));
    return this.read();
  }

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'getArtifactScrub',
    summary: 'How the check is going, and what is damaged',
    description:
      'Of the pass that is under way, or else of the last one. Damaged bytes are not served any more: their downloads answer 500 `artifact.corrupt`.',
  })
  @ApiOkResponse({ type: ArtifactScrubDto })
  async read(): Promise<ArtifactScrubDto> {
    const state = await this.scrub.state();
    return {
      status: state.status,
      startedAt: isoTimeOrNull(state.startedAt),
      finishedAt: isoTimeOrNull(state.finishedAt),
      checked: state.blobs,
      checkedBytes: state.bytes,
      corrupt: state.corrupt,
      unreadable: state.unreadable,
      corruptItems: state.corruptBlobs.map(corruptBytes),
    };
  }
}

function corruptBytes(blob: CorruptBlob): CorruptBytesDto {
  return {
    jobId: blob.jobId,
    name: blob.name,
    inputId: blob.inputId,
    size: blob.size,
    expectedSha256: blob.expectedSha256,
    foundSha256: blob.foundSha256,
    foundAt: isoTime(blob.foundAt),
  };
}
