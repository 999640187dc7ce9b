import type { IncomingHttpHeaders } from 'node:http';
import fresh from 'fresh';

/** What the preconditions and the range of a GET or HEAD come to (RFC 9110 sections 13.2.2 and 14.2). */
export type ByteAnswer =
  | { readonly status: 200 }
  | { readonly status: 206; readonly start: number; readonly end: number }
  | { readonly status: 304 | 412 | 416 };

/**
 * Judges a request for `size` bytes whose strong ETag is `etag`. There is no modification date, so
 * that conditions on one are ignored, as the RFC asks.
 */
export function answerTo(
  method: string,
  headers: IncomingHttpHeaders,
  etag: string,
  size: number,
): ByteAnswer {
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined && !listsStrongly(ifMatch, etag)) return { status: 412 };
  const ifNoneMatch = headers['if-none-match'];
  // Only this header goes to fresh: a `Cache-Control: no-cache` speaks to caches, not to the origin.
  if (ifNoneMatch !== undefined && fresh({ 'if-none-match': ifNoneMatch }, { etag })) {
    return { status: 304 };
  }
  // Range is defined for GET alone; an If-Range that is not this very ETag (a date, say) cancels it.
  const ifRange = headers['if-range'];
  const { range } = headers;
  if (method !== 'GET' || range === undefined) return { status: 200 };
  if (ifRange !== undefined && ifRange !== etag) return { status: 200 };
  return answerToRange(range, size);
}

const BYTE_RANGES = /^bytes=(.*)$/i;
const RANGE_SPEC = /^(?:([0-9]+)-([0-9]*)|-([0-9]+))$/;

/** Unknown units, what is no range at all, and several ranges are answered with all (contract). */
function answerToRange(range: string, size: number): ByteAnswer {
  const [spec, ...others] = rangeSpecs(range);
  const parts = spec === undefined || others.length > 0 ? null : RANGE_SPEC.exec(spec);
  if (parts === null) return { status: 200 };
  const [, first, last, suffix] = parts;
  if (suffix !== undefined) return answerToSuffix(Number(suffix), size);
  const start = Number(first);
  const end = last ? Number(last) : Infinity;
  // A range that runs backwards is invalid, not unsatisfiable: ignored like all that is invalid.
  if (end < start) return { status: 200 };
  return start < size ? part(start, Math.min(end, size - 1)) : { status: 416 };
}

/** The last `length` bytes: of a shorter representation all of it, of an empty one a whole that no 206 can tell. */
function answerToSuffix(length: number, size: number): ByteAnswer {
  if (length === 0) return { status: 416 };
  return size === 0 ? { status: 200 } : part(Math.max(0, size - length), size - 1);
}

function part(start: number, end: number): ByteAnswer {
  return { status: 206, start, end };
}

/** Empty members of the list do not count (RFC 9110 section 5.6.1.2). */
function rangeSpecs(range: string): string[] {
  const [, list = ''] = BYTE_RANGES.exec(range) ?? [];
  return list
    .split(',')
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '');
}

/** Strong comparison: a weak validator never matches (RFC 9110 section 8.8.3.2). */
function listsStrongly(header: string, etag: string): boolean {
  return header.trim() === '*' || header.split(',').some((tag) => tag.trim() === etag);
}
