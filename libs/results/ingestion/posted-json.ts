import { DomainError, invalidField, type FieldError } from '@foreman/kernel';
import { checkRow, MAX_DEPTH, MAX_ROW_BYTES, type CheckedRow } from '../result-row';
import {
  CLOSE_LIST,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  JsonScanner,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
} from './json-scanner';
import { KeyMemory } from './key-memory';
import { rowOfText } from './line-row';
import { nonJsonNumber } from './non-json-number';
import { RowReader } from './row-reader';

/** A row, or what is wrong with it. */
export type FoundRow = CheckedRow | readonly FieldError[];

export interface FoundPost {
  readonly rows: readonly FoundRow[];
  /** Not yet checked; undefined: none was sent. */
  readonly resultFolder?: unknown;
}

/**
 * Reads `{"rows": [...], "resultFolder": ...}`, the rows as a stream's: kept as they were written.
 * @throws `request.invalid` when it is no JSON (a NaN is told by its path), or has no list of rows.
 */
export function readPostedJson(json: Buffer): FoundPost {
  const text = decoded(json);
  const reader = new PostReader(text, text.length === json.length);
  return reader.read() ?? wholly(text, reader);
}

class PostReader {
  private readonly scanner = new JsonScanner(MAX_DEPTH);
  private readonly rowReader = new RowReader();
  private readonly rows: FoundRow[] = [];
  private resultFolder: unknown;
  /** Where the row begins that it reads. */
  private rowStart: number | null = null;

  constructor(
    private readonly text: string,
    private readonly isAscii: boolean,
  ) {
    this.scanner.begin(text, 0);
  }

  /** @returns null where it is not the ordinary post. */
  read(): FoundPost | null {
    const { scanner } = this;
    const keys = new KeyMemory();
    let hasRows = false;
    if (!scanner.skip(OPEN_OBJECT)) return null;
    do {
      if (scanner.peek() !== QUOTE) return null;
      const name = keys.next(scanner);
      if (name === null || !scanner.skip(COLON)) return null;
      const next = scanner.peek();
      const start = scanner.at;
      if (name === 'rows') {
        hasRows = true;
        if (next !== OPEN_LIST || !this.readRows()) return null;
      } else if (!scanner.value(0)) {
        return null;
      } else if (name === 'resultFolder') {
        this.resultFolder = JSON.parse(this.text.slice(start, scanner.at));
      }
    } while (scanner.skip(COMMA));
    const isWhole = scanner.skip(CLOSE_OBJECT) && Number.isNaN(scanner.peek());
    return isWhole && hasRows ? { rows: this.rows, resultFolder: this.resultFolder } : null;
  }

  /** The NaN or infinity of the row at which reading ended. */
  nonJsonNumber(): FieldError | null {
    if (this.rowStart === null) return null;
    const row = this.text.slice(this.rowStart, this.rowStart + MAX_ROW_BYTES);
    const found = nonJsonNumber(row);
    return found && { ...found, path: `rows.${this.rows.length}.${found.path}` };
  }

  private readRows(): boolean {
    const { scanner } = this;
    scanner.at += 1;
    if (scanner.skip(CLOSE_LIST)) return true;
    do {
      scanner.peek();
      this.rowStart = scanner.at;
      const row = this.readRow(scanner.at);
      if (row === null) return false;
      this.rows.push(row);
    } while (scanner.skip(COMMA));
    this.rowStart = null;
    return scanner.skip(CLOSE_LIST);
  }

  private readRow(start: number): FoundRow | null {
    const { scanner, rowReader } = this;
    const row = rowReader.read(this.text, start, this.isAscii);
    if (row !== null) {
      scanner.at = rowReader.end;
      return row;
    }
    return scanner.value(0) ? rowOfText(this.text.slice(start, scanner.at)) : null;
  }
}

/** What is unusual, or no JSON. */
function wholly(text: string, reader: PostReader): FoundPost {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const error = reader.nonJsonNumber() ?? { path: '', message: 'the body is not JSON' };
    const what = error.path === '' ? 'The body is not JSON.' : `${error.path} ${error.message}`;
    throw new DomainError('request.invalid', what, { errors: [error] });
  }
  const { rows, resultFolder } = (value ?? {}) as Record<string, unknown>;
  if (!Array.isArray(rows)) throw invalidField('rows', 'must be a list');
  return { rows: rows.map(checkRow), resultFolder };
}

/** Without a byte order mark. */
function decoded(json: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(json);
  } catch {
    throw new DomainError('request.invalid', 'The body is not UTF-8.', {
      errors: [{ path: '', message: 'the body is not UTF-8' }],
    });
  }
}
