import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ReadConnection } from '@foreman/database';

/**
 * Which queues are paused, in memory: a task submitted to one of them need not wake anybody. Loaded at
 * the start and changed with each commit of this process. A pause by another process goes unseen, which
 * costs wakes; whoever leaves a task alone because of what is said here must `reload` soon, so that a
 * resume by another process is not missed.
 */
@Injectable()
export class PausedQueues implements OnModuleInit {
  private names = new Set<string>();
  /** Counts commits, so that a look that one overtook is not believed. */
  private commits = 0;

  constructor(private readonly reads: ReadConnection) {}

  async onModuleInit(): Promise<void> {
    await this.reload();
  }

  has(name: string): boolean {
    return this.names.has(name);
  }

  /** After the commit that changed it. */
  note(name: string, isPaused: boolean): void {
    this.commits += 1;
    if (isPaused) this.names.add(name);
    else this.names.delete(name);
  }

  /** Looks at the database. Answers the queues that were thought paused and are not. */
  async reload(): Promise<string[]> {
    const { commits } = this;
    const rows = await this.reads.query<{ name: string }>(
      'SELECT name FROM queues WHERE is_paused = 1',
    );
    if (commits !== this.commits) return this.reload();
    const before = this.names;
    this.names = new Set(rows.map(({ name }) => name));
    return [...before].filter((name) => !this.names.has(name));
  }
}
