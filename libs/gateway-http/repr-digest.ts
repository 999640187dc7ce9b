/** `sha-256=:<base64>:`, the value of `Repr-Digest` (RFC 9530), from a lower-case hex digest. */
export function reprDigest(sha256Hex: string): string {
  return `sha-256=:${Buffer.from(sha256Hex, 'hex').toString('base64')}:`;
}
