import {
  LONE_SURROGATE,
  MAX_CONFIG_ID,
  MAX_DEPTH,
  MAX_ROW_BYTES,
  ROW_FRAME_BYTES,
  type CheckedRow,
} from '../result-row';
import { compactJson } from './compact-json';
import {
  CLOSE_OBJECT,
  COLON,
  COMMA,
  JsonScanner,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
} from './json-scanner';
import { KeyMemory } from './key-memory';

/**
 * Reads and checks rows of the ordinary shape in one go over their text, of which `config` and `metrics`
 * are kept as they were written: their numbers lose no digit. Whatever is not ordinary (it may still be
 * good) is left to `checkRow`, which this agrees with on all that it takes. One for each body.
 */
export class RowReader {
  private readonly scanner = new JsonScanner(MAX_DEPTH);
  private readonly rowKeys = new KeyMemory();
  private readonly metricKeys = new KeyMemory();

  /** Where the last row ended. */
  get end(): number {
    return this.scanner.at;
  }

  /**
   * The row that begins at `at`.
   * @param isAscii whether a char of the text is a byte.
   * @returns null where it is not ordinary.
   */
  read(text: string, at: number, isAscii: boolean): CheckedRow | null {
    const { scanner, rowKeys } = this;
    scanner.begin(text, at);
    rowKeys.begin();
    let configId: string | null = null;
    let idBytes = 0;
    let config: string | null = null;
    let metrics: string | null = null;
    if (!scanner.skip(OPEN_OBJECT)) return null;
    do {
      if (scanner.peek() !== QUOTE) return null;
      const name = rowKeys.next(scanner);
      if (name === null || !scanner.skip(COLON)) return null;
      const next = scanner.peek();
      const start = scanner.at;
      if (name === 'configId') {
        if (next !== QUOTE || !scanner.string()) return null;
        const isPlain = isAscii && !scanner.sawEscape;
        configId = configIdOf(text.slice(start, scanner.at), scanner.sawEscape, isPlain);
        if (configId === null) return null;
        idBytes = isPlain ? scanner.at - start : Buffer.byteLength(JSON.stringify(configId));
      } else if (name === 'config') {
        scanner.sawSpace = false;
        if (next !== OPEN_OBJECT || !scanner.object(1)) return null;
        config = this.written(start);
      } else if (name === 'metrics') {
        scanner.sawSpace = false;
        if (next !== OPEN_OBJECT || !this.scanMetrics()) return null;
        metrics = this.written(start);
      } else if (!scanner.value(0)) {
        return null;
      }
    } while (scanner.skip(COMMA));
    if (!scanner.skip(CLOSE_OBJECT)) return null;
    if (configId === null || config === null || metrics === null) return null;
    const own = isAscii
      ? config.length + metrics.length
      : Buffer.byteLength(config) + Buffer.byteLength(metrics);
    const bytes = ROW_FRAME_BYTES + idBytes + own;
    if (bytes > MAX_ROW_BYTES) return null;
    return { configId, config, metrics, bytes };
  }

  private written(start: number): string {
    const json = this.scanner.text.slice(start, this.scanner.at);
    return this.scanner.sawSpace ? compactJson(json) : json;
  }

  private scanMetrics(): boolean {
    const { scanner, metricKeys } = this;
    scanner.at += 1;
    if (scanner.skip(CLOSE_OBJECT)) return true;
    metricKeys.begin();
    do {
      if (scanner.peek() !== QUOTE || metricKeys.next(scanner) === null) return false;
      if (!scanner.skip(COLON) || !isMetric(scanner.peek()) || !scanner.value(0)) return false;
    } while (scanner.skip(COMMA));
    return scanner.skip(CLOSE_OBJECT);
  }
}

/** What begins with this char is no text, no list and no object. */
function isMetric(code: number): boolean {
  return code !== QUOTE && code !== OPEN_LIST && code !== OPEN_OBJECT;
}

/** A plain one is ASCII without an escape. */
function configIdOf(quoted: string, hasEscape: boolean, isPlain: boolean): string | null {
  const configId = hasEscape ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
  if (configId.length < 1 || configId.length > MAX_CONFIG_ID) return null;
  return !isPlain && LONE_SURROGATE.test(configId) ? null : configId;
}
