/** The first so many of any number of names, in the order of their code units. */
export class FirstNames {
  private readonly names = new Set<string>();
  private hasMore = false;

  constructor(private readonly limit: number) {}

  add(names: readonly string[]): void {
    for (const name of names) this.names.add(name);
    if (this.names.size > 10 * this.limit) this.cut();
  }

  end(): { readonly first: readonly string[]; readonly hasMore: boolean } {
    return { first: this.cut(), hasMore: this.hasMore };
  }

  /** What is cut off has so many before it that it cannot come back. */
  private cut(): string[] {
    const sorted = [...this.names].toSorted();
    for (const name of sorted.splice(this.limit)) {
      this.names.delete(name);
      this.hasMore = true;
    }
    return sorted;
  }
}
