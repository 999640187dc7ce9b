import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../config/gateway-options';

/** What the file system of the database has left. */
@Injectable()
export class FreeSpace {
  constructor(@Inject(GATEWAY_OPTIONS) private readonly options: GatewayOptions) {}

  /** Bytes that an ordinary user may still take. */
  async bytes(): Promise<number> {
    const { bavail, bsize } = await statfs(dirname(this.options.databaseFile));
    return bavail * bsize;
  }
}
