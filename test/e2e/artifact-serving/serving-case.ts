/** The artifacts that the cases ask for. `large` spans several chunks of the store, `other` is what nobody asks for. */
export const TEXT = Buffer.from('0123456789abcdefghij');
export const EMPTY = Buffer.alloc(0);
export const LARGE = Buffer.from(
  Uint8Array.from({ length: 600_000 }, (_, at) => (at * 7 + (at >> 8)) % 251),
);
export const ARTIFACTS = { text: TEXT, empty: EMPTY, large: LARGE } as const;

export type ArtifactName = keyof typeof ARTIFACTS;
export type Headers = Readonly<Record<string, string | readonly string[]>>;

/** What a request for an artifact must come to, and the section of RFC 9110 that says so. */
export interface ServingCase {
  readonly section: string;
  readonly what: string;
  readonly of: ArtifactName;
  readonly method: 'GET' | 'HEAD';
  readonly send: Headers;
  readonly status: 200 | 206 | 304 | 412 | 416;
  /** First and last byte of a 206. */
  readonly part?: readonly [first: number, last: number];
}

type Expected = ServingCase['status'] | readonly [first: number, last: number];

/** A case; a pair of bytes as what is expected means a 206 with those and all between. */
function made(
  method: ServingCase['method'],
  of: ArtifactName,
  section: string,
  what: string,
  send: Headers,
  expected: Expected,
): ServingCase {
  return typeof expected === 'number'
    ? { section, what, of, method, send, status: expected }
    : { section, what, of, method, send, status: 206, part: expected };
}

/** A GET of `text`. */
export function get(section: string, what: string, send: Headers, expected: Expected): ServingCase {
  return made('GET', 'text', section, what, send, expected);
}

/** A HEAD of `text`. */
export function head(
  section: string,
  what: string,
  send: Headers,
  expected: Expected,
): ServingCase {
  return made('HEAD', 'text', section, what, send, expected);
}

/** A GET of another artifact. */
export function getOf(
  of: ArtifactName,
  section: string,
  what: string,
  send: Headers,
  expected: Expected,
): ServingCase {
  return made('GET', of, section, what, send, expected);
}
