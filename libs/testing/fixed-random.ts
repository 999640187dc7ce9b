import { RandomSource } from '@foreman/kernel';

/** Always answers `value`; the default, the middle, makes every jitter nothing. */
export class FixedRandom extends RandomSource {
  constructor(private readonly value = 0.5) {
    super();
  }

  next(): number {
    return this.value;
  }
}
