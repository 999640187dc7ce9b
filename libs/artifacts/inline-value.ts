import { exactJsonValue } from './exact-json';
import { isJsonType, isTextType, isUtf8Type } from './media-type';

/** What stands in `inline`: any JSON value but `null`, which there means that there is none. */
export type InlineValue = NonNullable<unknown>;

/** Whether an artifact may be inlined at all, as far as its type and size tell. */
export function mayBeInline(contentType: string, size: number, limitBytes: number): boolean {
  return size <= limitBytes && (isJsonType(contentType) || isTextType(contentType));
}

/**
 * The value that stands for the bytes: JSON as its value, text as a string; null when the bytes
 * cannot be had back from it (then the artifact is told by URL).
 */
export function inlineValue(contentType: string, bytes: Buffer): InlineValue | null {
  const text = utf8(bytes);
  if (text === null) return null;
  if (isJsonType(contentType)) return exactJsonValue(text)?.value ?? null;
  return isUtf8Type(contentType) ? text : null;
}

/** A byte order mark is kept: it is among the bytes. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8(bytes: Buffer): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
