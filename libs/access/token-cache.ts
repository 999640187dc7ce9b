import type { Clock } from '@foreman/kernel';

interface Entry<T> {
  readonly value: T;
  readonly staleAtMs: number;
}

/**
 * Remembers for a short while what a token's hash stands for. Bounded; holds only tokens that were
 * found good, so that guessing fills nothing. It may be stale by its time to live when another
 * process changes a credential; this process forgets at once.
 */
export class TokenCache<T> {
  private readonly entries = new Map<string, Entry<T>>();

  constructor(
    private readonly clock: Clock,
    private readonly timeToLiveMs: number,
    private readonly maxEntries: number,
  ) {}

  get(tokenHash: string): T | null {
    const entry = this.entries.get(tokenHash);
    if (entry === undefined) return null;
    if (this.clock.monotonicMs() < entry.staleAtMs) return entry.value;
    this.entries.delete(tokenHash);
    return null;
  }

  set(tokenHash: string, value: T): void {
    this.entries.delete(tokenHash);
    // A Map keeps the order of insertion: its first entry is the longest known.
    for (const oldest of this.entries.keys()) {
      if (this.entries.size < this.maxEntries) break;
      this.entries.delete(oldest);
    }
    this.entries.set(tokenHash, {
      value,
      staleAtMs: this.clock.monotonicMs() + this.timeToLiveMs,
    });
  }

  forget(tokenHash: string): void {
    this.entries.delete(tokenHash);
  }

  /** Forgets every token whose value fits. */
  forgetWhere(fits: (value: T) => boolean): void {
    for (const [tokenHash, entry] of this.entries) {
      if (fits(entry.value)) this.entries.delete(tokenHash);
    }
  }
}
