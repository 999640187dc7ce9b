/** A host that is not known to answer is tried one at a time, so that it cannot fill the house. */
const SLOTS_OF_SILENT_HOST = 1;
/** And all silent hosts together have this share of the house: dozens of dead receivers delay no living one. */
const SHARE_OF_SILENT_HOSTS = 1 / 2;
/** Hosts that are remembered as answering; who answered longest ago is forgotten first. */
const MAX_ANSWERING_HOSTS = 10_000;

/**
 * `answering`: its last attempt got an answer. `silent`: it did not, or nobody has asked it yet: after a start all are,
 * else two hundred dead hosts would hold the whole house until each has been found out.
 */
export type HostKind = 'answering' | 'silent';

/** Bounds the attempts under way, in all and for each host, so that none of them delays another. */
export class HostSlots {
  private taken = 0;
  private readonly takenOf = new Map<string, number>();
  private readonly answering = new Set<string>();
  private readonly freed: Record<HostKind, number> = { answering: 0, silent: 0 };

  constructor(
    private readonly limit: number,
    private readonly limitPerHost: number,
  ) {}

  kindOf(host: string): HostKind {
    return this.answering.has(host) ? 'answering' : 'silent';
  }

  get room(): number {
    return this.limit - this.taken;
  }

  /** For all hosts of a kind together. */
  roomFor(kind: HostKind): number {
    if (kind === 'answering') return this.room;
    let takenOfSilent = 0;
    for (const [host, taken] of this.takenOf) {
      if (this.kindOf(host) === 'silent') takenOfSilent += taken;
    }
    const limit = Math.max(1, Math.floor(this.limit * SHARE_OF_SILENT_HOSTS));
    return Math.max(0, Math.min(this.room, limit - takenOfSilent));
  }

  roomOf(host: string): number {
    const limit = this.kindOf(host) === 'silent' ? SLOTS_OF_SILENT_HOST : this.limitPerHost;
    return Math.max(0, Math.min(this.room, limit - (this.takenOf.get(host) ?? 0)));
  }

  /** Grows whenever a host of that kind may have got room that it had not: who found none looks again only then. */
  changesOf(kind: HostKind): number {
    return this.freed[kind];
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
    this.freed[this.kindOf(host)] += 1;
  }

  /** What the last attempt told of its host. */
  note(host: string, hasAnswered: boolean): void {
    const wasAnswering = this.answering.delete(host);
    if (hasAnswered) this.answering.add(host);
    const [oldest] = this.answering;
    const isFull = this.answering.size > MAX_ANSWERING_HOSTS;
    if (isFull && oldest !== undefined) this.answering.delete(oldest);
    if (wasAnswering === hasAnswered && !isFull) return;
    // It has the room of its new kind, and has left that of its old one.
    this.freed.answering += 1;
    this.freed.silent += 1;
  }
}
