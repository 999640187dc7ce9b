import { sha256Hex } from '@foreman/kernel';
import { EMPTY, TEXT, get, getOf, head, type ServingCase } from './serving-case';

const ETAG = `"${sha256Hex(TEXT)}"`;
const OTHER = `"${sha256Hex('other')}"`;
const PAST = 'Thu, 01 Jan 1970 00:00:00 GMT';
const FUTURE = 'Sat, 01 Jan 2050 00:00:00 GMT';
const PART = 'bytes=0-1';
const BEHIND = 'bytes=99-';

/** Conditions (RFC 9110 section 13), alone and with others. The ETag is strong; there is no date of modification. */
export const CONDITION_CASES: readonly ServingCase[] = [
  // 13.1.2: weak comparison, 304 for GET and HEAD.
  get('13.1.2', 'If-None-Match: this one', { 'if-none-match': ETAG }, 304),
  get('13.1.2', 'this one, as weak', { 'if-none-match': `W/${ETAG}` }, 304),
  get('13.1.2', 'any', { 'if-none-match': '*' }, 304),
  get('13.1.2', 'another', { 'if-none-match': OTHER }, 200),
  get('13.1.2', 'this one among others', { 'if-none-match': `${OTHER}, W/"x",${ETAG}` }, 304),
  get('13.1.2', 'this one in a second line', { 'if-none-match': [OTHER, ETAG] }, 304),
  get('13.1.2', 'several others', { 'if-none-match': `${OTHER}, W/"x"` }, 200),
  get('13.1.2', 'empty members around it', { 'if-none-match': `, ${ETAG} ,` }, 304),
  get('8.8.3', 'without its quotes it is no entity tag', { 'if-none-match': sha256Hex(TEXT) }, 200),
  get('8.8.3', 'in capitals it is another', { 'if-none-match': ETAG.toUpperCase() }, 200),
  get('8.8.3', 'W/ is case-sensitive', { 'if-none-match': `w/${ETAG}` }, 200),
  get('8.8.3', 'the quotes of the empty tag', { 'if-none-match': '""' }, 200),
  get(
    '13.1.2',
    'no-cache does not speak to the origin',
    { 'if-none-match': ETAG, 'cache-control': 'no-cache' },
    304,
  ),
  head('13.1.2', 'HEAD: this one', { 'if-none-match': ETAG }, 304),
  head('13.1.2', 'HEAD: another', { 'if-none-match': OTHER }, 200),
  getOf('empty', '13.1.2', 'of nothing', { 'if-none-match': `"${sha256Hex(EMPTY)}"` }, 304),
  // 13.1.1: strong comparison, 412.
  get('13.1.1', 'If-Match: this one', { 'if-match': ETAG }, 200),
  get('13.1.1', 'any', { 'if-match': '*' }, 200),
  get('13.1.1', 'this one among others', { 'if-match': `${OTHER}, ${ETAG}` }, 200),
  get('13.1.1', 'this one in a second line', { 'if-match': [OTHER, ETAG] }, 200),
  get('13.1.1', 'another', { 'if-match': OTHER }, 412),
  get('13.1.1', 'several others', { 'if-match': `${OTHER}, "x"` }, 412),
  get('13.1.1', 'this one, as weak: compared strongly', { 'if-match': `W/${ETAG}` }, 412),
  get('13.1.1', 'none', { 'if-match': '' }, 412),
  get('8.8.3', 'without its quotes', { 'if-match': sha256Hex(TEXT) }, 412),
  head('13.1.1', 'HEAD: another', { 'if-match': OTHER }, 412),
  head('13.1.1', 'HEAD: this one', { 'if-match': ETAG }, 200),
  // 13.1.3, 13.1.4: without a date of modification these are ignored.
  get('13.1.3', 'If-Modified-Since the future', { 'if-modified-since': FUTURE }, 200),
  get('13.1.3', 'If-Modified-Since the past', { 'if-modified-since': PAST }, 200),
  get('13.1.3', 'If-Modified-Since no date', { 'if-modified-since': 'yesterday' }, 200),
  get('13.1.4', 'If-Unmodified-Since the past', { 'if-unmodified-since': PAST }, 200),
  get(
    '13.1.4',
    'If-Unmodified-Since the past, a part',
    { 'if-unmodified-since': PAST, range: PART },
    [0, 1],
  ),
  head('13.1.3', 'HEAD: If-Modified-Since the future', { 'if-modified-since': FUTURE }, 200),
  // 13.1.5: strong comparison; false: the range is ignored.
  get('13.1.5', 'If-Range: this one', { 'if-range': ETAG, range: PART }, [0, 1]),
  get('13.1.5', 'another', { 'if-range': OTHER, range: PART }, 200),
  get(
    '13.1.5',
    'this one, as weak: compared strongly',
    { 'if-range': `W/${ETAG}`, range: PART },
    200,
  ),
  get('13.1.5', 'any is no entity tag here', { 'if-range': '*', range: PART }, 200),
  get('13.1.5', 'nor is a list', { 'if-range': `${OTHER}, ${ETAG}`, range: PART }, 200),
  get('13.1.5', 'a date: there is none to compare with', { 'if-range': FUTURE, range: PART }, 200),
  get('13.1.5', 'a date in the past', { 'if-range': PAST, range: PART }, 200),
  get('13.1.5', 'neither date nor tag', { 'if-range': 'x', range: PART }, 200),
  get('13.1.5', 'without Range it means nothing', { 'if-range': OTHER }, 200),
  get('13.1.5', 'this one, behind the end', { 'if-range': ETAG, range: BEHIND }, 416),
  get('13.1.5', 'another, behind the end', { 'if-range': OTHER, range: BEHIND }, 200),
  get('13.1.5', 'this one, several ranges', { 'if-range': ETAG, range: 'bytes=0-1,3-4' }, 200),
  head('14.2', 'HEAD: neither counts', { 'if-range': ETAG, range: PART }, 200),
  // 13.2.2: If-Match, then If-None-Match, then If-Range with Range.
  get(
    '13.2.2',
    'If-Match fails before If-None-Match',
    { 'if-match': OTHER, 'if-none-match': ETAG },
    412,
  ),
  get(
    '13.2.2',
    'If-Match holds, If-None-Match is judged',
    { 'if-match': ETAG, 'if-none-match': ETAG },
    304,
  ),
  get('13.2.2', 'both hold', { 'if-match': ETAG, 'if-none-match': OTHER }, 200),
  get('13.2.2', 'If-Match fails before Range', { 'if-match': OTHER, range: PART }, 412),
  get(
    '13.2.2',
    'If-Match fails before a range behind the end',
    { 'if-match': OTHER, range: BEHIND },
    412,
  ),
  get('13.2.2', 'If-Match holds, a part', { 'if-match': ETAG, range: PART }, [0, 1]),
  get('13.2.2', 'If-None-Match before Range', { 'if-none-match': ETAG, range: PART }, 304),
  get(
    '13.2.2',
    'If-None-Match before a range behind the end',
    { 'if-none-match': ETAG, range: BEHIND },
    304,
  ),
  get('13.2.2', 'If-None-Match holds, a part', { 'if-none-match': OTHER, range: PART }, [0, 1]),
  get(
    '13.2.2',
    'If-None-Match holds, a range behind the end',
    { 'if-none-match': OTHER, range: BEHIND },
    416,
  ),
  get(
    '13.2.2',
    'If-None-Match before If-Range',
    { 'if-none-match': ETAG, 'if-range': OTHER, range: PART },
    304,
  ),
  get(
    '13.1.4',
    'If-Match hides If-Unmodified-Since',
    { 'if-match': ETAG, 'if-unmodified-since': PAST },
    200,
  ),
  get(
    '13.1.3',
    'If-None-Match hides If-Modified-Since',
    { 'if-none-match': OTHER, 'if-modified-since': FUTURE },
    200,
  ),
  get(
    '13.2.2',
    'all at once',
    { 'if-match': '*', 'if-none-match': OTHER, 'if-range': ETAG, range: PART },
    [0, 1],
  ),
];

/** What a client accepts changes nothing: the bytes are never coded (8.4), and have one type (12.1). */
export const NEGOTIATION_CASES: readonly ServingCase[] = [
  get('12.5.3', 'Accept-Encoding', { 'accept-encoding': 'gzip, br, zstd, deflate' }, 200),
  get('12.5.3', 'Accept-Encoding and a part', { 'accept-encoding': 'gzip', range: PART }, [0, 1]),
  getOf('large', '12.5.3', 'Accept-Encoding of many bytes', { 'accept-encoding': 'gzip' }, 200),
  head('12.5.3', 'HEAD: Accept-Encoding', { 'accept-encoding': 'br' }, 200),
  get('12.5.1', 'Accept of another type', { accept: 'image/png' }, 200),
  get('12.5.1', 'Accept of HTML', { accept: 'text/html' }, 200),
];
