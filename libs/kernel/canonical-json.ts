/**
 * JSON with object keys in code-unit order, so that equal values give equal text
 * (the idea of RFC 8785, for values that came out of JSON.parse). Used for digests of request bodies.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
