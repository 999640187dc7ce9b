/** The only source of chance for jitter; tests pass a fixed one. */
export abstract class RandomSource {
  /** Uniform in [0, 1). */
  abstract next(): number;
}

export class SystemRandom extends RandomSource {
  next(): number {
    return Math.random();
  }
}
