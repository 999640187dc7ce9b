export interface RetentionOptions {
  /** How long beyond its time a job is kept while a delivery for it is owed, in seconds. Default 4 days. */
  readonly deliveryHoldSeconds?: number;
  /** How long idempotency keys are remembered at least, in seconds. Default 24 h (contract). */
  readonly keySeconds?: number;
}

/** The options with their defaults in place; a class, so that it is its own injection token. */
export class RetentionSettings {
  readonly deliveryHoldMs: number;
  readonly keyMs: number;

  /** @throws RangeError naming the option that is wrong. */
  constructor(options: RetentionOptions = {}) {
    this.deliveryHoldMs = toMs('deliveryHoldSeconds', options.deliveryHoldSeconds ?? 345_600);
    this.keyMs = toMs('keySeconds', options.keySeconds ?? 86_400);
  }
}

function toMs(name: string, seconds: number): number {
  if (!Number.isSafeInteger(seconds) || seconds < 0) {
    throw new RangeError(`${name} must be a whole number of seconds, not ${seconds}`);
  }
  return seconds * 1000;
}
