/** Deeper values are fetched by URL: writing them out again would exhaust a recursive reader's stack. */
const MAX_DEPTH = 200;

/**
 * The value of a JSON text, if handing on the value instead of the text loses nothing: no duplicate
 * keys, no number that a double cannot hold as written, no lone surrogate, no bottomless nesting.
 * Answers `undefined` for anything else, and for what is not JSON.
 */
export function exactJsonValue(text: string): { readonly value: unknown } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const members = exactMembers(text);
  return members !== null && members === countMembers(value) ? { value } : undefined;
}

const QUOTE = 0x22;
const MINUS = 0x2d;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * How many object members the text writes down, or null when a token of it is not kept by parsing. Goes over
 * valid JSON by hand: a regular expression for each token takes ten times as long, and others wait.
 */
function exactMembers(text: string): number | null {
  let members = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (!isWholeString(text.slice(at, end))) return null;
      at = end - 1;
    } else if (code === COLON) {
      members += 1;
    } else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      depth += 1;
      if (depth > MAX_DEPTH) return null;
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      depth -= 1;
    } else if (code === MINUS || isDigit(code)) {
      const end = endOfNumber(text, at);
      if (!isExactNumber(text.slice(at, end))) return null;
      at = end - 1;
    }
  }
  return members;
}

/** Behind the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
  }
}

const DOT = 0x2e;
const PLUS = 0x2b;
const UPPER_E = 0x45;
const LOWER_E = 0x65;

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  for (; end < text.length; end += 1) {
    const code = text.charCodeAt(end);
    const isOfNumber =
      isDigit(code) ||
      code === DOT ||
      code === MINUS ||
      code === PLUS ||
      code === UPPER_E ||
      code === LOWER_E;
    if (!isOfNumber) break;
  }
  return end;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Fewer members than were written: a key stood twice, and the last one won. */
function countMembers(root: unknown): number {
  let members = 0;
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    const inner: unknown[] = Array.isArray(value) ? value : Object.values(value);
    if (!Array.isArray(value)) members += inner.length;
    for (const item of inner) open.push(item);
  }
  return members;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

function isWholeString(token: string): boolean {
  return !token.includes('\\u') || !LONE_SURROGATE.test(JSON.parse(token) as string);
}

/** Whether the double nearest to the literal is written back as the same decimal; -0 is written as 0. */
function isExactNumber(literal: string): boolean {
  const value = Number(literal);
  if (Object.is(value, -0) || !Number.isFinite(value)) return false;
  if (String(value) === literal) return true;
  const written = decimalOf(literal);
  const kept = decimalOf(String(value));
  return written.digits === kept.digits && written.exponent === kept.exponent;
}

/** `0.<digits> * 10^exponent` without zeros at either end; the sign is never lost but for -0. */
function decimalOf(literal: string): { readonly digits: string; readonly exponent: number } {
  const [mantissa = '', power = '0'] = literal.replace(/^-/, '').toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const all = whole + fraction;
  const significant = all.replace(/^0+/, '');
  const digits = significant.replace(/0+$/, '');
  if (digits === '') return { digits, exponent: 0 };
  return { digits, exponent: Number(power) + whole.length - (all.length - significant.length) };
}
