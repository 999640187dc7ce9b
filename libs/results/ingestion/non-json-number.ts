import type { FieldError } from '@foreman/kernel';

// A string that has no end is a token too: looked for from each of its quotes, it would take a square of the time.
const TOKENS = /"(?:[^"\\]|\\[^])*"?|[[\]{},:]|[^\s[\]{},:"]+/g;
/** As Python, JavaScript, C and their like write them. */
const NOT_JSON = /^[+-]?(?:nan|inf|infinity)$/i;

interface Container {
  readonly isList: boolean;
  /** Where the next value stands. */
  key: string | number;
}

/**
 * The first NaN or infinity of a text that is JSON but for these, which many writers put out unless told
 * otherwise; null when there is none, and it is something else that is wrong.
 */
export function nonJsonNumber(text: string): FieldError | null {
  const open: Container[] = [];
  for (const [token] of text.matchAll(TOKENS)) {
    const place = open.at(-1);
    if (token === '{' || token === '[') {
      open.push({ isList: token === '[', key: token === '[' ? 0 : '' });
    } else if (token === '}' || token === ']') {
      open.pop();
    } else if (token === ',') {
      if (typeof place?.key === 'number') place.key += 1;
    } else if (NOT_JSON.test(token)) {
      const path = open.map(({ key }) => key).join('.');
      return { path, message: `is ${token}, which JSON does not have` };
    } else if (token.startsWith('"') && place?.isList === false) {
      // The last string before a value that is none of them is its key.
      place.key = token.slice(1, -1);
    }
  }
  return null;
}
