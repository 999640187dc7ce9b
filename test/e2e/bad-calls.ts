import { gzipSync } from 'node:zlib';

/** The gateway's limit in these calls. */
export const JSON_LIMIT_BYTES = 262_144;

const UNKNOWN_ID = '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11';

/** A good API key request: each call is bad in one way only. */
export const KEY = { name: 'a', scopes: ['jobs:read'] };

/** What a bad call sends, and the problem that it must be answered with. */
export interface BadCall {
  readonly title: string;
  readonly method?: string;
  readonly path?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly expected: readonly [status: number, code: string];
  readonly errorPaths?: readonly string[];
}

const invalid = [400, 'request.invalid'] as const;
const tooLarge = [413, 'request.too_large'] as const;
const unsupported = [415, 'request.unsupported_type'] as const;
const noRoute = [404, 'route.not_found'] as const;

/** To `POST /admin/api-keys` where nothing else is said. */
export const BAD_CALLS: readonly BadCall[] = [
  { title: 'no body', expected: invalid, errorPaths: ['name', 'scopes'] },
  {
    title: 'an unknown field',
    body: { ...KEY, admin: true },
    expected: invalid,
    errorPaths: ['admin'],
  },
  { title: 'a wrong type', body: { ...KEY, name: 1 }, expected: invalid, errorPaths: ['name'] },
  { title: 'an empty name', body: { ...KEY, name: '' }, expected: invalid, errorPaths: ['name'] },
  {
    title: 'an unknown scope',
    body: { ...KEY, scopes: ['root'] },
    expected: invalid,
    errorPaths: ['scopes'],
  },
  { title: 'no scopes', body: { ...KEY, scopes: [] }, expected: invalid, errorPaths: ['scopes'] },
  {
    title: 'scopes as a string',
    body: { ...KEY, scopes: 'admin' },
    expected: invalid,
    errorPaths: ['scopes'],
  },
  { title: 'what is not JSON', body: '{"name": "a"', expected: invalid, errorPaths: [''] },
  { title: 'an empty JSON body', body: ' ', expected: invalid },
  { title: 'a list', body: [KEY], expected: invalid },
  { title: 'a bare string', body: '"a"', expected: invalid },
  { title: 'null', body: 'null', expected: invalid },
  {
    title: 'a body that is too large',
    body: { ...KEY, name: 'x'.repeat(JSON_LIMIT_BYTES) },
    expected: tooLarge,
  },
  {
    title: 'two megabytes of JSON',
    body: { ...KEY, name: 'x'.repeat(2_097_152) },
    expected: tooLarge,
  },
  {
    title: 'a body that grows too large when it is unpacked',
    body: gzipSync(JSON.stringify({ ...KEY, name: 'x'.repeat(JSON_LIMIT_BYTES) })),
    headers: { 'content-encoding': 'gzip', 'content-type': 'application/json' },
    expected: tooLarge,
  },
  {
    title: 'a broken compression',
    body: 'not gzip',
    headers: { 'content-encoding': 'gzip' },
    expected: invalid,
  },
  {
    title: 'an unknown compression',
    body: JSON.stringify(KEY),
    headers: { 'content-encoding': 'zzz' },
    expected: unsupported,
  },
  {
    title: 'a form',
    body: 'name=a&scopes=admin',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    expected: unsupported,
  },
  {
    title: 'JSON that says it is text',
    body: JSON.stringify(KEY),
    headers: { 'content-type': 'text/plain' },
    expected: unsupported,
  },
  {
    title: 'JSON in an unknown charset',
    body: JSON.stringify(KEY),
    headers: { 'content-type': 'application/json; charset=klingon' },
    expected: unsupported,
  },
  {
    title: 'an Idempotency-Key that is too long',
    body: KEY,
    headers: { 'idempotency-key': 'x'.repeat(201) },
    expected: invalid,
    errorPaths: ['Idempotency-Key'],
  },
  {
    title: 'a limit of 0',
    method: 'GET',
    path: '/admin/api-keys?limit=0',
    expected: invalid,
    errorPaths: ['limit'],
  },
  {
    title: 'a limit of 501',
    method: 'GET',
    path: '/admin/api-keys?limit=501',
    expected: invalid,
    errorPaths: ['limit'],
  },
  {
    title: 'a limit that is no number',
    method: 'GET',
    path: '/admin/edges?limit=ten',
    expected: invalid,
    errorPaths: ['limit'],
  },
  {
    title: 'a limit given twice',
    method: 'GET',
    path: '/admin/edges?limit=1&limit=2',
    expected: invalid,
    errorPaths: ['limit'],
  },
  {
    title: 'a foreign cursor',
    method: 'GET',
    path: '/admin/edges?cursor=abc',
    expected: invalid,
    errorPaths: ['cursor'],
  },
  {
    title: 'an unknown query parameter',
    method: 'GET',
    path: '/admin/edges?page=2',
    expected: invalid,
    errorPaths: ['page'],
  },
  {
    title: 'an enrolment that lasts for ever',
    path: '/admin/enrolments',
    body: { ttlSeconds: 1e9 },
    expected: invalid,
    errorPaths: ['ttlSeconds'],
  },
  {
    title: 'an enrolment with odd labels',
    path: '/admin/enrolments',
    body: { labels: { a: { b: 1 } } },
    expected: invalid,
    errorPaths: ['labels'],
  },
  {
    title: 'an enrolment with odd kinds',
    path: '/admin/enrolments',
    body: { kinds: ['a b'] },
    expected: invalid,
    errorPaths: ['kinds[0]'],
  },
  {
    title: 'an unknown wish for an edge',
    method: 'PATCH',
    path: `/admin/edges/${UNKNOWN_ID}`,
    body: { desired: 'dance' },
    expected: invalid,
    errorPaths: ['desired'],
  },
  {
    title: 'half a lease',
    method: 'PATCH',
    path: `/admin/edges/${UNKNOWN_ID}`,
    body: { maxLeases: 0.5 },
    expected: invalid,
    errorPaths: ['maxLeases'],
  },
  {
    title: 'a weight of 0',
    method: 'PATCH',
    path: '/admin/queues/default',
    body: { weight: 0 },
    expected: invalid,
    errorPaths: ['weight'],
  },
  { title: 'an unknown route', method: 'GET', path: '/nowhere', expected: noRoute },
  {
    title: 'an unknown method',
    method: 'PUT',
    path: '/admin/api-keys',
    body: KEY,
    expected: noRoute,
  },
  { title: 'an escape that is none', method: 'GET', path: '/admin/edges/%ff', expected: noRoute },
  {
    title: 'an id with slashes',
    method: 'GET',
    path: '/admin/edges/..%2F..%2Fetc',
    expected: [404, 'edge.not_found'],
  },
  {
    title: 'an id of another shape',
    method: 'DELETE',
    path: '/admin/api-keys/1',
    expected: [404, 'api_key.not_found'],
  },
];
