import { chance, chosenNumber } from '../../chance';

/** What can happen to an exchange, on its way there, on its way back, or later. */
export const FAULT_KINDS = [
  /** Never forwarded; the caller's connection breaks. */
  'request dropped',
  /** The beginning is forwarded, then both connections end. */
  'request cut',
  'request delayed',
  /** Done by the gateway, but the caller's connection breaks instead of an answer. */
  'answer dropped',
  /** The caller gets its beginning, then its connection breaks. */
  'answer cut',
  'answer delayed',
  /** Forwarded, answered, and the same bytes come again later, from nowhere. */
  'duplicated',
  /** The same, and the first answer is lost too: the caller repeats it as well. */
  'duplicated, answer dropped',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** Of a delay, or until the duplicate arrives. */
  readonly lateMs: number;
  /** Where a cut falls: from 0, the first byte, to 1, behind the last. */
  readonly cutAt: number;
}

export interface FaultPlanOptions {
  readonly seed: number;
  /** Of the exchanges that something happens to: above 0, up to 1. */
  readonly share: number;
  /** How late a duplicate may be. */
  readonly duplicateLateMs: number;
  /** How long the link of an edge is gone, now and then. */
  readonly outageMs: readonly [min: number, max: number];
}

const DELAY_MS = [100, 3_000] as const;
/** An edge does a dozen tasks or so between two outages. */
const EXCHANGES_AN_OUTAGE = 100;

/** What a proxy asks before each exchange. */
export type ExchangePlan = Pick<FaultPlan, 'faultOf' | 'outageOf'>;

/**
 * What happens to the n-th exchange of a link, by the seed alone. Exchanges are taken in blocks, just so large that
 * each kind of fault happens once in a block.
 */
export class FaultPlan {
  private readonly blockSize: number;

  constructor(private readonly options: FaultPlanOptions) {
    if (!(options.share > 0 && options.share <= 1)) {
      throw new RangeError('The share of faults must be above 0 and at most 1');
    }
    this.blockSize = Math.round(FAULT_KINDS.length / options.share);
  }

  faultOf(link: string, exchange: number): Fault | null {
    const { seed, duplicateLateMs } = this.options;
    const kind = FAULT_KINDS[this.placeInBlock(link, exchange)];
    if (kind === undefined) return null;
    const range = kind.startsWith('duplicated') ? ([0, duplicateLateMs] as const) : DELAY_MS;
    return {
      kind,
      lateMs: chosenNumber(range, seed, link, exchange, 'late'),
      cutAt: chance(seed, link, exchange, 'cut'),
    };
  }

  /** For how long the link is gone, from this exchange on; null: it is not. */
  outageOf(link: string, exchange: number): number | null {
    const { seed, outageMs } = this.options;
    const block = Math.floor(exchange / EXCHANGES_AN_OUTAGE);
    const place = chosenNumber([0, EXCHANGES_AN_OUTAGE - 1], seed, link, block, 'outage');
    if (exchange % EXCHANGES_AN_OUTAGE !== place) return null;
    return chosenNumber(outageMs, seed, link, block, 'outage lasts');
  }

  /** A permutation of each block: the place at which a shuffle by the seed puts this exchange. */
  private placeInBlock(link: string, exchange: number): number {
    const block = Math.floor(exchange / this.blockSize);
    const rank = (index: number) => chance(this.options.seed, link, block, index);
    const own = rank(exchange % this.blockSize);
    let place = 0;
    for (let index = 0; index < this.blockSize; index++) if (rank(index) < own) place++;
    return place;
  }
}
