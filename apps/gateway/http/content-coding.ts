import { DomainError } from '@foreman/kernel';
import type { IncomingMessage } from 'node:http';

/**
 * Whether a body came as gzip (RFC 9110, 8.4), rather than as it is.
 * @throws `request.unsupported_type` for any other coding, and for several.
 */
export function isGzipped({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (coding === 'gzip' || coding === 'x-gzip') return true;
  if (coding === 'identity' || coding === '') return false;
  throw new DomainError(
    'request.unsupported_type',
    'The body must come as it is, or with Content-Encoding: gzip.',
  );
}
