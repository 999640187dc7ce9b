import type { ExpectedDigests } from '@foreman/artifacts';
import { DomainError, invalidField } from '@foreman/kernel';
import type { Request } from 'express';
import { parseDictionary } from 'structured-headers';

const BYTES = { 'sha-256': 32, 'sha-512': 64 } as const;

type Found = { sha256?: Buffer; sha512?: Buffer };

/**
 * The digests that an upload announces, by RFC 9530; what is uploaded must have each of them. `Repr-Digest` and
 * `Content-Digest` mean the same here, because a body that is coded, or a part, is refused: its bytes would be
 * stored as what they are not. Other algorithms are ignored, as the RFC allows.
 * @throws `request.invalid`, `request.unsupported_type`
 */
export function digestsOf(request: Request): ExpectedDigests {
  refuseCodedOrPartial(request);
  const found: Found = {};
  for (const header of ['Repr-Digest', 'Content-Digest']) {
    const value = request.get(header);
    if (value === undefined) continue;
    const digests = dictionaryOf(header, value);
    addTo(found, 'sha256', digestOf(digests, 'sha-256', header), header);
    addTo(found, 'sha512', digestOf(digests, 'sha-512', header), header);
  }
  return found;
}

/** RFC 9110, 15.5.16 (a coding that is not taken) and 14.5 (no partial PUT). */
function refuseCodedOrPartial(request: Request): void {
  const coding = request.get('Content-Encoding')?.trim().toLowerCase() ?? '';
  if (coding !== '' && coding !== 'identity') {
    request.res?.setHeader('Accept-Encoding', 'identity');
    throw new DomainError(
      'request.unsupported_type',
      'The bytes are stored as they come: send them without Content-Encoding.',
    );
  }
  if (request.get('Content-Range') !== undefined) {
    throw invalidField('Content-Range', 'is not taken: send all of the bytes');
  }
}

/** Two that differ cannot both hold: no bytes would do. */
function addTo(
  found: Found,
  algorithm: keyof Found,
  digest: Buffer | undefined,
  header: string,
): void {
  if (digest === undefined) return;
  if (found[algorithm]?.equals(digest) === false) {
    throw invalidField(header, `has another ${algorithm} than Repr-Digest`);
  }
  found[algorithm] = digest;
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
