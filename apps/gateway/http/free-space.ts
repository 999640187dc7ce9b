import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Database } from '@foreman/database';
import { Injectable } from '@nestjs/common';

/** What the file system of the database has left. */
@Injectable()
export class FreeSpace {
  constructor(private readonly database: Database) {}

  /** Bytes that an ordinary user may still take. */
  async bytes(): Promise<number> {
    const { bavail, bsize } = await statfs(dirname(this.database.file));
    return bavail * bsize;
  }
}
