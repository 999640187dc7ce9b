/** Numbers without their objects: a list that grows, in 8 bytes each. */
export class FloatList {
  private numbers: Float64Array;
  private size = 0;

  constructor(capacity: number) {
    this.numbers = new Float64Array(Math.max(1, capacity));
  }

  push(value: number): void {
    if (this.size === this.numbers.length) {
      const larger = new Float64Array(2 * this.size);
      larger.set(this.numbers);
      this.numbers = larger;
    }
    this.numbers[this.size] = value;
    this.size += 1;
  }

  /** What was pushed; the list's own memory. */
  toArray(): Float64Array {
    return this.numbers.subarray(0, this.size);
  }
}
