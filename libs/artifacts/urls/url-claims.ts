/** What a signed URL allows, and until when. */
export interface UrlClaims {
  readonly method: 'GET' | 'PUT';
  /** The segments of the path behind `/signed`, decoded. */
  readonly path: readonly string[];
  /** What else stands in the query, as it stands there: text is signed, so that no number has two spellings. */
  readonly params: Readonly<Record<string, string>>;
}

/** Sets these texts apart from whatever else may come to be signed with the same key. */
const DOMAIN = 'foreman url v1';

/**
 * The text that is signed. As JSON, so that no two claims share one: there is no separator that a name could hold.
 */
export function canonicalClaims({ method, path, params }: UrlClaims): string {
  const pairs = Object.entries(params).sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  return JSON.stringify([DOMAIN, method, path, pairs]);
}
