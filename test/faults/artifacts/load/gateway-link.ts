/** Calls of the load, by what the gateway does for them. */
export const WORKS = [
  'upload',
  'signed upload',
  'completion',
  'input',
  'pruning',
  'other',
] as const;

export type Work = (typeof WORKS)[number];

/** Where the gateway listens at present. */
export interface Place {
  readonly baseUrl: string;
}

/**
 * The way of the load to a gateway that is killed and started again: a call that a kill cut off is made once more when
 * the gateway is back, as an agent or a service does that was not answered.
 */
export class GatewayLink {
  private place: Place | null = null;
  private readonly waiting: ((place: Place) => void)[] = [];
  private readonly underWay = new Map<Work, number>();
  private cutCalls = 0;

  /** Calls that were made again because they had been cut off. */
  get cutCount(): number {
    return this.cutCalls;
  }

  open(place: Place): void {
    this.place = place;
    for (const goOn of this.waiting.splice(0)) goOn(place);
  }

  /** It is about to be killed: what fails from here on was cut off. Answers what was under way. */
  close(): ReadonlyMap<Work, number> {
    this.place = null;
    return new Map(this.underWay);
  }

  /** @throws what `send` throws while the gateway is up. */
  async untilAnswered<T>(work: Work, send: (baseUrl: string) => Promise<T>): Promise<T> {
    for (;;) {
      const place = this.place ?? (await this.untilUp());
      this.count(work, 1);
      try {
        return await send(place.baseUrl);
      } catch (error) {
        if (this.place === place) throw error;
        this.cutCalls += 1;
      } finally {
        this.count(work, -1);
      }
    }
  }

  private untilUp(): Promise<Place> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private count(work: Work, change: number): void {
    this.underWay.set(work, (this.underWay.get(work) ?? 0) + change);
  }
}
