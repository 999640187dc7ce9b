import type { IncomingHttpHeaders } from 'node:http';
import fresh from 'fresh';
import parseRange from 'range-parser';

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

const SINGLE_RANGE = /^bytes=([0-9]*)-([0-9]*)$/i;

/** Unknown units, what is no range at all, and several ranges are answered with all (contract). */
function answerToRange(range: string, size: number): ByteAnswer {
  const single = SINGLE_RANGE.exec(range.replaceAll(/[ \t]/g, ''));
  if (single === null) return { status: 200 };
  const [, first = '', last = ''] = single;
  // A suffix that is longer than the bytes means all of them; range-parser would call it unsatisfiable.
  const end = first === '' && last !== '' ? String(Math.min(Number(last), size)) : last;
  const ranges = parseRange(size, `bytes=${first}-${end}`);
  if (ranges === -2) return { status: 200 };
  const [found] = ranges === -1 ? [] : ranges;
  return found === undefined ? { status: 416 } : { status: 206, ...found };
}

/** Strong comparison: a weak validator never matches (RFC 9110 section 8.8.3.2). */
function listsStrongly(header: string, etag: string): boolean {
  return header.trim() === '*' || header.split(',').some((tag) => tag.trim() === etag);
}
