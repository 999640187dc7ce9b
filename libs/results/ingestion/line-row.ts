import type { FieldError } from '@foreman/kernel';
import type { NdjsonLine } from './ndjson-lines';
import { checkRow, type CheckedRow } from '../result-row';
import { nonJsonNumber } from './non-json-number';
import type { RowReader } from './row-reader';

/** @returns null for a blank line, which is no row; what is wrong with one that is. */
export function rowOfLine(
  reader: RowReader,
  { text, start, end, isAscii }: NdjsonLine,
): CheckedRow | readonly FieldError[] | null {
  const row = reader.read(text, start, isAscii);
  if (row !== null && isWhiteSpace(text, reader.end, end)) return row;
  const line = text.slice(start, end);
  return line.trim() === '' ? null : rowOfText(line);
}

/** Any row, also one that is written in an unusual way. */
export function rowOfText(text: string): CheckedRow | readonly FieldError[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return [nonJsonNumber(text) ?? { path: '', message: `is not JSON: ${reasonOf(error)}` }];
  }
  return checkRow(value);
}

/** All that is left of a line; false also when the row went on behind it. */
function isWhiteSpace(text: string, start: number, end: number): boolean {
  return start === end || (start < end && /^[ \t\r]*$/.test(text.slice(start, end)));
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : 'syntax error';
}
