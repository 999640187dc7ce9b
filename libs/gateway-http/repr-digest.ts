import { parseDictionary } from 'structured-headers';

/** `sha-256=:<base64>:`, the value of `Repr-Digest` (RFC 9530), from a lower-case hex digest. */
export function reprDigest(sha256Hex: string): string {
  return `sha-256=:${Buffer.from(sha256Hex, 'hex').toString('base64')}:`;
}

/** The SHA-256 in a `Repr-Digest`, in lower-case hex; null when it names none, or cannot be read (RFC 9530: ignored). */
export function sha256OfReprDigest(header: string): string | null {
  try {
    const [value] = parseDictionary(header).get('sha-256') ?? [];
    return value instanceof ArrayBuffer ? Buffer.from(value).toString('hex') : null;
  } catch {
    return null;
  }
}
