/** The only source of chance for jitter; tests pass a fixed one. */
export interface RandomSource {
  /** Uniform in [0, 1). */
  next(): number;
}

export class SystemRandom implements RandomSource {
  next(): number {
    return Math.random();
  }
}
