import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '@foreman/kernel';
import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';

/** How busy this gateway is: who may wait is asked to. */
export abstract class GatewayLoad {
  /** 0 (at ease) to 1 (it can hardly keep up). */
  abstract level(): number;
}

/** What of Node's histogram is used. Its values are nanoseconds between two turns of the event loop. */
export interface LoopTurns {
  /** Not a number while there are none. */
  readonly mean: number;
  enable(): unknown;
  disable(): unknown;
  reset(): void;
}

/** A turn is timed so often; an idle loop has this mean. */
const RESOLUTION_MS = 10;
/** Up to this mean the gateway is at ease: one large body or commit must not slow the edges down. */
const AT_EASE_MS = 20;
/** From this mean on a heartbeat waits for a good part of a second in all. */
const OVERLOADED_MS = 200;
/** Long enough to be no accident, short enough that edges are called back soon after. */
const WINDOW_MS = 3000;

/** Load by the mean delay of the event loop over the last seconds. Costs nothing but the timing itself. */
export class EventLoopLoad extends GatewayLoad implements OnModuleInit, OnModuleDestroy {
  private measured = 0;
  private sinceMs: number;

  constructor(
    private readonly clock: Clock,
    private readonly turns: LoopTurns = monitorEventLoopDelay({ resolution: RESOLUTION_MS }),
  ) {
    super();
    this.sinceMs = clock.monotonicMs();
  }

  onModuleInit(): void {
    this.turns.enable();
  }

  onModuleDestroy(): void {
    this.turns.disable();
  }

  level(): number {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.sinceMs >= WINDOW_MS) {
      this.measured = levelOf(this.turns.mean / 1e6);
      this.turns.reset();
      this.sinceMs = nowMs;
    }
    return this.measured;
  }
}

function levelOf(meanMs: number): number {
  if (Number.isNaN(meanMs)) return 0;
  const share = (meanMs - AT_EASE_MS) / (OVERLOADED_MS - AT_EASE_MS);
  return Math.min(1, Math.max(0, share));
}
