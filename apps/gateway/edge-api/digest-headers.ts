import type { ExpectedDigests } from '@foreman/artifacts';
import { invalidField } from '@foreman/kernel';
import type { Request } from 'express';
import { parseDictionary } from 'structured-headers';

const BYTES = { 'sha-256': 32, 'sha-512': 64 } as const;

/**
 * The digests that an upload announces, by RFC 9530. `Repr-Digest` and `Content-Digest` mean the
 * same here, since uploads are not content-coded. Other algorithms are ignored, as the RFC allows.
 * @throws `request.invalid`
 */
export function digestsOf(request: Request): ExpectedDigests {
  const found: { sha256?: Buffer; sha512?: Buffer } = {};
  for (const header of ['Repr-Digest', 'Content-Digest']) {
    const value = request.get(header);
    if (value === undefined) continue;
    const digests = dictionaryOf(header, value);
    const sha256 = digestOf(digests, 'sha-256', header);
    const sha512 = digestOf(digests, 'sha-512', header);
    if (sha256 !== undefined) found.sha256 = sha256;
    if (sha512 !== undefined) found.sha512 = sha512;
  }
  return found;
}

type Dictionary = ReturnType<typeof parseDictionary>;

function dictionaryOf(header: string, value: string): Dictionary {
  try {
    return parseDictionary(value);
  } catch {
    throw invalidField(header, 'must be a dictionary of digests like sha-256=:<base64>:');
  }
}

function digestOf(
  digests: Dictionary,
  algorithm: keyof typeof BYTES,
  header: string,
): Buffer | undefined {
  const member = digests.get(algorithm);
  if (member === undefined) return undefined;
  const [value] = member;
  const bytes = value instanceof ArrayBuffer ? Buffer.from(value) : null;
  if (bytes?.length !== BYTES[algorithm]) {
    throw invalidField(header, `${algorithm} must be ${BYTES[algorithm]} bytes as :<base64>:`);
  }
  return bytes;
}
