import { Clock } from '@foreman/kernel';
import { Injectable } from '@nestjs/common';
import type { StatsDto } from './stats.dto';
import { StatsReader } from './stats.reader';

/** Counting takes at most one part in so many of the time, however often and by how many it is asked for. */
const SHARE_OF_TIME = 20;

/**
 * The figures of `GET /admin/stats` and of the metrics, counted anew only when enough time has passed for what the last
 * count cost: one for all who ask. A failed count is not remembered.
 */
@Injectable()
export class PacedStats {
  private last: StatsDto | null = null;
  private againAtMs = 0;
  private counting: Promise<StatsDto> | null = null;

  constructor(
    private readonly stats: StatsReader,
    private readonly clock: Clock,
  ) {}

  read(): Promise<StatsDto> {
    if (this.last !== null && this.clock.monotonicMs() < this.againAtMs) {
      return Promise.resolve(this.last);
    }
    this.counting ??= this.count().finally(() => {
      this.counting = null;
    });
    return this.counting;
  }

  private async count(): Promise<StatsDto> {
    const startMs = this.clock.monotonicMs();
    const stats = await this.stats.read();
    const endMs = this.clock.monotonicMs();
    this.againAtMs = endMs + (endMs - startMs) * SHARE_OF_TIME;
    this.last = stats;
    return stats;
  }
}
