/** A host whose last attempt got no answer is tried one at a time, so that it cannot fill the house. */
const SLOTS_OF_SILENT_HOST = 1;
/** And all silent hosts together have this share of the house: dozens of dead receivers delay no living one. */
const SHARE_OF_SILENT_HOSTS = 1 / 2;
/** Hosts that are remembered as silent; the longest known are forgotten first. */
const MAX_SILENT_HOSTS = 10_000;

/** Bounds the attempts under way, in all and for each host, so that none of them delays another. */
export class HostSlots {
  private taken = 0;
  private readonly takenOf = new Map<string, number>();
  private readonly silent = new Set<string>();

  constructor(
    private readonly limit: number,
    private readonly limitPerHost: number,
  ) {}

  /** Whether its last attempt got no answer. */
  isSilent(host: string): boolean {
    return this.silent.has(host);
  }

  /** For all silent hosts together. */
  get roomOfSilent(): number {
    let takenOfSilent = 0;
    for (const [host, taken] of this.takenOf) if (this.silent.has(host)) takenOfSilent += taken;
    const limit = Math.max(1, Math.floor(this.limit * SHARE_OF_SILENT_HOSTS));
    return Math.max(0, limit - takenOfSilent);
  }

  get room(): number {
    return this.limit - this.taken;
  }

  roomOf(host: string): number {
    const limit = this.silent.has(host) ? SLOTS_OF_SILENT_HOST : this.limitPerHost;
    return Math.max(0, Math.min(this.room, limit - (this.takenOf.get(host) ?? 0)));
  }

  take(host: string): void {
    this.taken += 1;
    this.takenOf.set(host, (this.takenOf.get(host) ?? 0) + 1);
  }

  free(host: string): void {
    this.taken -= 1;
    const left = (this.takenOf.get(host) ?? 1) - 1;
    if (left === 0) this.takenOf.delete(host);
    else this.takenOf.set(host, left);
  }

  /** What the last attempt told of its host. */
  note(host: string, hasAnswered: boolean): void {
    this.silent.delete(host);
    if (hasAnswered) return;
    this.silent.add(host);
    const [oldest] = this.silent;
    if (this.silent.size > MAX_SILENT_HOSTS && oldest !== undefined) this.silent.delete(oldest);
  }
}
