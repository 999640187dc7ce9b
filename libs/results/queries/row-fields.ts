import { invalidField } from '@foreman/kernel';
import { nameAt } from './metric-name';

/** A part of a row: its whole `config`, or one member of it, and so on. */
export interface RowField {
  readonly part: 'taskIndex' | 'configId' | 'config' | 'metrics';
  /** Null: the whole part. */
  readonly name: string | null;
}

const MAX_FIELDS = 200;

const PART = /\s*(?:taskIndex|configId|config|metrics)/y;
const PLAIN_NAME = /[^,"\s][^,]*/y;

/**
 * Reads `configId,metrics.sharpe,config."odd, name"`: names that have a comma or begin with a quote or
 * a space are JSON strings. Null: all of a row. @throws `request.invalid` naming the character, counted from 1.
 */
export function rowFields(text: string | null): readonly RowField[] | null {
  if (text === null) return null;
  const fields = new Map<string, RowField>();
  for (let at = 0; ;) {
    PART.lastIndex = at;
    const part = PART.exec(text)?.[0];
    if (part === undefined) throw refusal(at, 'taskIndex, configId, config or metrics');
    at += part.length;
    const field = { part: part.trim() as RowField['part'], name: null as string | null };
    const canBeTaken = field.part === 'config' || field.part === 'metrics';
    if (canBeTaken && text[at] === '.') {
      const found = nameAt(text, at + 1, PLAIN_NAME);
      if (found === null) throw refusal(at + 1, 'a name');
      field.name = found.name;
      at = found.end;
    }
    fields.set(JSON.stringify([field.part, field.name]), field);
    if (fields.size > MAX_FIELDS) throw invalidField('fields', `are more than ${MAX_FIELDS}`);
    if (at === text.length) return [...fields.values()];
    if (text[at] !== ',') throw refusal(at, 'a comma');
    at += 1;
  }
}

function refusal(at: number, expected: string) {
  return invalidField('fields', `at character ${at + 1}: expected ${expected}`);
}
