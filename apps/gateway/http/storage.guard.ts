import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Clock, DomainError } from '@foreman/kernel';
import { type CanActivate, Inject, Injectable, UseGuards, applyDecorators } from '@nestjs/common';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../config/gateway-options';
import { ApiProblems } from './api-problems';

/** How long a look at the file system is believed, in ms: it costs a system call. */
const LOOK_EVERY_MS = 1000;

/** Whether the disk has room for new work (FOREMAN_DISK_RESERVE_BYTES). */
@Injectable()
export class DiskReserve {
  private freeBytes = Number.POSITIVE_INFINITY;
  private lookAgainAtMs = Number.NEGATIVE_INFINITY;
  private readonly folder: string;

  constructor(
    private readonly clock: Clock,
    @Inject(GATEWAY_OPTIONS) private readonly options: GatewayOptions,
  ) {
    this.folder = dirname(options.databaseFile);
  }

  /** @throws `server.storage_full` */
  async assertRoom(): Promise<void> {
    if (this.options.diskReserveBytes === 0) return;
    await this.look();
    if (this.freeBytes >= this.options.diskReserveBytes) return;
    throw new DomainError(
      'server.storage_full',
      'The disk is nearly full: no new work is taken until there is room (FOREMAN_DISK_RESERVE_BYTES).',
      { retryAfterSeconds: 60 },
    );
  }

  private async look(): Promise<void> {
    const now = this.clock.monotonicMs();
    if (now < this.lookAgainAtMs) return;
    this.lookAgainAtMs = now + LOOK_EVERY_MS;
    const { bavail, bsize } = await statfs(this.folder);
    this.freeBytes = bavail * bsize;
  }
}

@Injectable()
class StorageGuard implements CanActivate {
  constructor(private readonly disk: DiskReserve) {}

  async canActivate(): Promise<boolean> {
    await this.disk.assertRoom();
    return true;
  }
}

/**
 * For calls that bring new work or bytes (submissions, rows, uploads): refused while the disk is
 * nearly full, so that leases, heartbeats, completions and pruning can go on.
 */
export function NeedsStorage() {
  return applyDecorators(UseGuards(StorageGuard), ApiProblems('server.storage_full'));
}
