const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const LOWER_E = 0x65;
const UPPER_E = 0x45;

/** A whole number of so many digits is exact in a double, and so is 10 to the power of 22. */
const EXACT_DIGITS = 15;
const POWERS_OF_TEN = Array.from({ length: EXACT_DIGITS + 1 }, (_, power) => 10 ** power);

/**
 * Goes over a number of JSON from `cursor.at`. What has few digits is a quotient of two exact doubles,
 * which rounds as it should (Clinger, "How to read floating point numbers accurately", 1990); the rest
 * is left to the language.
 * @returns its value; NaN where there is no number, infinite where a double cannot hold it.
 */
export function scanNumber(cursor: { readonly text: string; at: number }): number {
  const { text } = cursor;
  const start = cursor.at;
  let at = start;
  let code = text.charCodeAt(at);
  const isNegative = code === MINUS;
  if (isNegative) code = text.charCodeAt((at += 1));

  const whole = at;
  let digits = 0;
  for (; code >= ZERO && code <= NINE; code = text.charCodeAt((at += 1))) {
    digits = digits * 10 + (code - ZERO);
  }
  let count = at - whole;
  if (count === 0 || (count > 1 && text.charCodeAt(whole) === ZERO)) return Number.NaN;

  let decimals = 0;
  if (code === POINT) {
    const fraction = at + 1;
    code = text.charCodeAt((at += 1));
    for (; code >= ZERO && code <= NINE; code = text.charCodeAt((at += 1))) {
      digits = digits * 10 + (code - ZERO);
    }
    decimals = at - fraction;
    if (decimals === 0) return Number.NaN;
    count += decimals;
  }

  const hasExponent = code === LOWER_E || code === UPPER_E;
  if (hasExponent) {
    code = text.charCodeAt((at += 1));
    if (code === PLUS || code === MINUS) code = text.charCodeAt((at += 1));
    const exponent = at;
    while (code >= ZERO && code <= NINE) code = text.charCodeAt((at += 1));
    if (at === exponent) return Number.NaN;
  }
  cursor.at = at;
  const power = POWERS_OF_TEN[decimals];
  if (hasExponent || count > EXACT_DIGITS || power === undefined) {
    return Number(text.slice(start, at));
  }
  const value = digits / power;
  return isNegative ? -value : value;
}
