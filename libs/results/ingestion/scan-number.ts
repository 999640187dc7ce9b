const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const LOWER_E = 0x65;
const UPPER_E = 0x45;

/** With so many chars and no exponent a number is finite: a double holds 308 digits before the point. */
const SURELY_FINITE_CHARS = 300;

/**
 * Goes over a number of JSON from `cursor.at`. False where there is none, and for one that a double
 * cannot hold.
 */
export function scanNumber(cursor: { readonly text: string; at: number }): boolean {
  const { text } = cursor;
  const start = cursor.at;
  let at = start;
  let code = text.charCodeAt(at);
  if (code === MINUS) code = text.charCodeAt((at += 1));

  const whole = at;
  while (code >= ZERO && code <= NINE) code = text.charCodeAt((at += 1));
  const digits = at - whole;
  if (digits === 0 || (digits > 1 && text.charCodeAt(whole) === ZERO)) return false;

  if (code === POINT) {
    const fraction = at + 1;
    code = text.charCodeAt((at += 1));
    while (code >= ZERO && code <= NINE) code = text.charCodeAt((at += 1));
    if (at === fraction) return false;
  }

  const hasExponent = code === LOWER_E || code === UPPER_E;
  if (hasExponent) {
    code = text.charCodeAt((at += 1));
    if (code === PLUS || code === MINUS) code = text.charCodeAt((at += 1));
    const exponent = at;
    while (code >= ZERO && code <= NINE) code = text.charCodeAt((at += 1));
    if (at === exponent) return false;
  }
  cursor.at = at;
  if (!hasExponent && at - start <= SURELY_FINITE_CHARS) return true;
  return Number.isFinite(Number(text.slice(start, at)));
}
