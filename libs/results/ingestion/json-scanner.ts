import { KeyMemory } from './key-memory';
import { scanNumber } from './scan-number';

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const LETTER_F = 0x66;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;
const LETTER_U = 0x75;

const UNICODE_ESCAPE = /[0-9a-fA-F]{4}/y;

/**
 * Goes over JSON text (RFC 8259) without making values of it, char by char, so that what stands in it
 * can be kept as it was written. Each method begins at `at` and leaves it behind what it went over, or
 * answers false where that is no JSON, or is something that the reader of whole values shall judge:
 * it may refuse what is good, and never takes what JSON.parse does not.
 */
export class JsonScanner {
  text = '';
  at = 0;
  /** Has gone over white space since this was set to false. */
  sawSpace = false;
  /** The string that it went over last has an escape. */
  sawEscape = false;
  private readonly keysAtDepth: KeyMemory[] = [];

  constructor(private readonly maxDepth: number) {}

  begin(text: string, at: number): void {
    this.text = text;
    this.at = at;
  }

  /** The next char that is no white space; NaN at the end. */
  peek(): number {
    const { text } = this;
    let code = text.charCodeAt(this.at);
    while (code === SPACE || code === LINE_FEED || code === CARRIAGE_RETURN || code === TAB) {
      this.sawSpace = true;
      this.at += 1;
      code = text.charCodeAt(this.at);
    }
    return code;
  }

  skip(expected: number): boolean {
    if (this.peek() !== expected) return false;
    this.at += 1;
    return true;
  }

  /** From its opening quote. */
  string(): boolean {
    const { text } = this;
    this.sawEscape = false;
    for (let at = this.at + 1; ; at += 1) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.at = at + 1;
        return true;
      }
      if (code === BACKSLASH) {
        const length = escapeLength(text, at);
        if (length === 0) return false;
        this.sawEscape = true;
        at += length - 1;
      } else if (!(code >= SPACE)) {
        return false;
      }
    }
  }

  literal(word: 'true' | 'false' | 'null'): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  /** Any value that stands inside of `depth` others. Numbers have to be finite, keys must not repeat. */
  value(depth: number): boolean {
    switch (this.peek()) {
      case QUOTE:
        return this.string();
      case OPEN_OBJECT:
        return this.object(depth + 1);
      case OPEN_LIST:
        return this.list(depth + 1);
      case LETTER_T:
        return this.literal('true');
      case LETTER_F:
        return this.literal('false');
      case LETTER_N:
        return this.literal('null');
      default:
        return scanNumber(this);
    }
  }

  /** From its opening brace; `depth` counts itself. */
  object(depth: number): boolean {
    if (depth > this.maxDepth) return false;
    this.at += 1;
    if (this.skip(CLOSE_OBJECT)) return true;
    const keys = (this.keysAtDepth[depth] ??= new KeyMemory());
    keys.begin();
    do {
      if (this.peek() !== QUOTE || keys.next(this) === null) return false;
      if (!this.skip(COLON) || !this.value(depth)) return false;
    } while (this.skip(COMMA));
    return this.skip(CLOSE_OBJECT);
  }

  private list(depth: number): boolean {
    if (depth > this.maxDepth) return false;
    this.at += 1;
    if (this.skip(CLOSE_LIST)) return true;
    do {
      if (!this.value(depth)) return false;
    } while (this.skip(COMMA));
    return this.skip(CLOSE_LIST);
  }
}

/** Chars of the escape that begins here; 0: it is none. */
function escapeLength(text: string, at: number): number {
  const code = text.charCodeAt(at + 1);
  if (code !== LETTER_U) return SHORT_ESCAPES.has(code) ? 2 : 0;
  UNICODE_ESCAPE.lastIndex = at + 2;
  return UNICODE_ESCAPE.test(text) ? 6 : 0;
}

const SHORT_ESCAPES = new Set(Array.from('"\\/bfnrt', (char) => char.charCodeAt(0)));
