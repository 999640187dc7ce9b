import {
  CLOSE_OBJECT,
  COLON,
  COMMA,
  JsonScanner,
  OPEN_OBJECT,
  QUOTE,
} from '../ingestion/json-scanner';
import { MAX_DEPTH } from '../result-row';

/**
 * Takes JSON objects apart without making values of what is in them, so that numbers keep the digits
 * that they were sent with. To be kept no longer than a request.
 */
export class JsonMembers {
  private readonly scanner = new JsonScanner(MAX_DEPTH);

  /** The members of an object that was stored, each value as its JSON text. */
  of(json: string): ReadonlyMap<string, string> {
    return this.scanned(json) ?? parsed(json);
  }

  /** Null where the scanner leaves it to the reader of whole values. */
  private scanned(json: string): Map<string, string> | null {
    const { scanner } = this;
    const members = new Map<string, string>();
    scanner.begin(json, 0);
    if (!scanner.skip(OPEN_OBJECT)) return null;
    if (scanner.skip(CLOSE_OBJECT)) return members;
    do {
      if (scanner.peek() !== QUOTE) return null;
      const nameAt = scanner.at;
      if (!scanner.string()) return null;
      const quoted = json.slice(nameAt, scanner.at);
      const name = scanner.sawEscape ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
      if (!scanner.skip(COLON)) return null;
      scanner.peek();
      const valueAt = scanner.at;
      if (!scanner.value(1)) return null;
      members.set(name, json.slice(valueAt, scanner.at));
    } while (scanner.skip(COMMA));
    return scanner.skip(CLOSE_OBJECT) ? members : null;
  }
}

function parsed(json: string): Map<string, string> {
  const entries = Object.entries(JSON.parse(json) as Record<string, unknown>);
  return new Map(entries.map(([name, value]) => [name, JSON.stringify(value)]));
}
