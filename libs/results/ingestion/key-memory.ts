/** With fewer keys than this, looking through all of them is faster than a set. */
const FEW_KEYS = 16;

/** Where in a text a key is to be read: what of a JsonScanner is needed here. */
interface KeyText {
  readonly text: string;
  at: number;
  /** The string at whose opening quote it stood had an escape. */
  readonly sawEscape: boolean;
  /** Goes behind the string; false when it is none. */
  string(): boolean;
}

/**
 * Reads the keys of an object, and remembers them for the next one in the same place: the rows of a
 * stream have the same keys in the same order, so that a key is mostly one comparison, with no string
 * made and no search for a repeat. To be kept no longer than a body: its strings hold on to that text.
 */
export class KeyMemory {
  private readonly names: string[] = [];
  /** The same as they stand in the text, with their quotes. */
  private readonly quoted: string[] = [];
  private count = 0;
  /** All keys of this object so far are the remembered ones. */
  private isAsBefore = true;
  private seen: Set<string> | null = null;

  begin(): void {
    this.count = 0;
    this.isAsBefore = true;
    this.seen = null;
  }

  /**
   * The key at whose opening quote the scanner stands; it is left behind the closing one.
   * @returns null for a key that repeats, and for one that is no JSON.
   */
  next(scanner: KeyText): string | null {
    const index = this.count;
    this.count += 1;
    const expected = this.isAsBefore ? this.quoted[index] : undefined;
    if (expected !== undefined && scanner.text.startsWith(expected, scanner.at)) {
      scanner.at += expected.length;
      return this.names[index] ?? null;
    }
    if (this.isAsBefore) {
      this.isAsBefore = false;
      this.names.length = index;
      this.quoted.length = index;
    }
    return this.learn(scanner);
  }

  private learn(scanner: KeyText): string | null {
    const start = scanner.at;
    if (!scanner.string()) return null;
    const quoted = scanner.text.slice(start, scanner.at);
    const name = scanner.sawEscape ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
    if (this.isRepeated(name)) return null;
    this.names.push(name);
    this.quoted.push(quoted);
    this.seen?.add(name);
    return name;
  }

  private isRepeated(name: string): boolean {
    if (this.names.length < FEW_KEYS) return this.names.includes(name);
    this.seen ??= new Set(this.names);
    return this.seen.has(name);
  }
}
