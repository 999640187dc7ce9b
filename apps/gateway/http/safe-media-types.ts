import { mediaEssence } from '@foreman/artifacts';

/**
 * Types that no browser runs, even if every other guard failed. Anything else (HTML, SVG, XML,
 * scripts, what is not known) is served as bytes.
 */
const SAFE = new Set([
  'application/gzip',
  'application/json',
  'application/octet-stream',
  'application/x-ndjson',
  'application/zip',
  'audio/mpeg',
  'audio/ogg',
  'audio/wav',
  'image/avif',
  'image/gif',
  'image/jpeg',
  'image/png',
  'image/webp',
  'text/csv',
  'text/markdown',
  'text/plain',
  'text/tab-separated-values',
  'video/mp4',
  'video/webm',
]);

/** The stored type with its parameters if it is on the safe list, else `application/octet-stream` (contract). */
export function servedType(storedType: string): string {
  return SAFE.has(mediaEssence(storedType)) ? storedType : 'application/octet-stream';
}
