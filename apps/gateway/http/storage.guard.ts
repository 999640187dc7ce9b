import {
  type CanActivate,
  type ExecutionContext,
  Injectable,
  UseGuards,
  applyDecorators,
} from '@nestjs/common';
import type { Request } from 'express';
import { ApiProblems } from './api-problems';
import { DiskReserve } from './disk-reserve';

@Injectable()
class StorageGuard implements CanActivate {
  constructor(private readonly disk: DiskReserve) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const length = context.switchToHttp().getRequest<Request>().get('Content-Length');
    await this.disk.assertRoom(Number(length ?? 0) || 0);
    return true;
  }
}

/**
 * For calls that bring new work or bytes (submissions, rows, uploads): refused while the disk is
 * nearly full, so that leases, heartbeats, completions and pruning can go on. A body that is streamed
 * is read through `DiskReserve.whileRoom` besides.
 */
export function NeedsStorage() {
  return applyDecorators(UseGuards(StorageGuard), ApiProblems('server.storage_full'));
}
