/** Longer names are no names of metrics that anybody sorts by. */
export const MAX_NAME = 200;

/** A name as it stands in a text, and where it ends. */
export interface NameInText {
  readonly name: string;
  readonly end: number;
}

const QUOTED = /"(?:[^"\\]|\\.)*"/sy;

/**
 * Reads a name at that place: a JSON string when it begins with a quote, else all that `plain` (sticky)
 * matches. Null where there is no name, or one of more than MAX_NAME characters.
 */
export function nameAt(text: string, at: number, plain: RegExp): NameInText | null {
  const isQuoted = text[at] === '"';
  const pattern = isQuoted ? QUOTED : plain;
  pattern.lastIndex = at;
  const found = pattern.exec(text)?.[0];
  if (found === undefined) return null;
  const name = isQuoted ? jsonString(found) : found;
  if (name === null || name === '' || name.length > MAX_NAME) return null;
  return { name, end: at + found.length };
}

/** Null when the text is not exactly a JSON string. */
export function jsonString(text: string): string | null {
  if (!text.startsWith('"')) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}
