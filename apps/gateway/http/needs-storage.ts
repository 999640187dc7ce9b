import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  SetMetadata,
  UseInterceptors,
  applyDecorators,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { type Observable, lastValueFrom, of } from 'rxjs';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../config/gateway-options';
import { ApiProblems } from './api-problems';
import { DiskReserve } from './disk-reserve';
import { readBytesOf } from './json-body-reader';
import { UploadPlaces } from './upload-places';

/**
 * What a stream of unknown length may have on its way to the disk at any time. It is not given room for all that it
 * may become, or a few small ones would find none: it is cut off where the reserve begins (`whileRoom`).
 */
const UNMEASURED_BYTES = 1_048_576;

/** What a call brings: JSON or a stream of rows, or the bytes of an artifact or an input. */
type Brings = 'work' | 'upload';

const BRINGS = 'foreman:brings';

/** By the size of what a call brings. An interceptor, so that it knows when the call is over, whatever way. */
@Injectable()
class StorageInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly disk: DiskReserve,
    private readonly places: UploadPlaces,
    @Inject(GATEWAY_OPTIONS) private readonly options: GatewayOptions,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<Request>();
    const brings = this.reflector.get<Brings>(BRINGS, context.getHandler());
    const handle = () => lastValueFrom(next.handle(), { defaultValue: undefined });
    const work = () => this.disk.during(this.bytesOf(request, brings), handle);
    return of(await (brings === 'upload' ? this.places.during(work) : work()));
  }

  /** A body that was read is counted unpacked. No announcement takes more room than its bytes could ever have. */
  private bytesOf(request: Request, brings: Brings): number {
    const most = brings === 'upload' ? this.options.artifactMaxBytes : UNMEASURED_BYTES;
    return readBytesOf(request) ?? Math.min(announcedLength(request) ?? UNMEASURED_BYTES, most);
  }
}

/** Null where the length tells nothing: there is none, or the body is packed. */
function announcedLength(request: Request): number | null {
  const length = request.get('Content-Length');
  return length === undefined || request.get('Content-Encoding') !== undefined
    ? null
    : Number(length);
}

/**
 * For calls that bring new work or bytes (submissions, rows, uploads): refused while the disk is
 * nearly full, so that leases, heartbeats, completions and pruning can go on. A body that is streamed
 * is read through `DiskReserve.whileRoom` besides. An upload takes one of the places that there are, too.
 */
export function NeedsStorage(brings: Brings = 'work') {
  return applyDecorators(
    SetMetadata(BRINGS, brings),
    UseInterceptors(StorageInterceptor),
    ApiProblems('server.storage_full'),
  );
}
