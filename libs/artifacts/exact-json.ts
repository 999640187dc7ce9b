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

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|[[\]{}:]/g;

/** How many object members the text writes down, or null when a token of it is not kept by parsing. */
function exactMembers(text: string): number | null {
  let members = 0;
  let depth = 0;
  for (const [token] of text.matchAll(TOKEN)) {
    const first = token[0];
    if (first === ':') members += 1;
    else if (first === '{' || first === '[') depth += 1;
    else if (first === '}' || first === ']') depth -= 1;
    else if (first === '"' ? !isWholeString(token) : !isExactNumber(token)) return null;
    if (depth > MAX_DEPTH) return null;
  }
  return members;
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
