import { notSigned, type UrlSeal } from './url-signer';

/** A query as it was parsed: a parameter that is given twice is a list. */
export type UrlQuery = Readonly<Record<string, unknown>>;

/** What a signed URL claims in its query, and its seal; other parameters do not count. */
export interface ReadQuery {
  readonly params: Readonly<Record<string, string>>;
  readonly seal: UrlSeal;
}

/** @throws `auth.forbidden` when one of `required` is missing, or any is given twice. */
export function readQuery(
  query: UrlQuery,
  required: readonly string[],
  optional: readonly string[] = [],
): ReadQuery {
  const given = optional.filter((name) => query[name] !== undefined);
  const names = ['expires', ...required, ...given];
  return {
    params: Object.fromEntries(names.map((name) => [name, textOf(query[name])])),
    seal: { key: textOf(query['key']), signature: textOf(query['signature']) },
  };
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw notSigned();
}
