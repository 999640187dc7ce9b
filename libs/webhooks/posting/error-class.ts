import { DomainError } from '@foreman/kernel';
import type { ErrorClass } from './post-outcome';

const CLASS_OF_CODE: Readonly<Record<string, ErrorClass>> = {
  ENOTFOUND: 'dns',
  ENODATA: 'dns',
  ECONNREFUSED: 'connect',
  EHOSTUNREACH: 'connect',
  ENETUNREACH: 'connect',
  EADDRNOTAVAIL: 'connect',
  ETIMEDOUT: 'connect',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'protocol',
  EPROTO: 'tls',
};

/** OpenSSL's own names of what is wrong with a certificate have no common prefix. */
const TLS_CODE =
  /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA)/;

/** Sorts what Node, OpenSSL, llhttp and undici throw. By code, never by message. */
export function errorClassOf(error: unknown): ErrorClass {
  if (error instanceof DomainError && error.code === 'webhook.target_refused') {
    return 'target_refused';
  }
  const code = codeOf(error);
  if (code.startsWith('EAI_')) return 'dns';
  if (code.startsWith('HPE_') || isParserError(error)) return 'protocol';
  if (TLS_CODE.test(code)) return 'tls';
  return CLASS_OF_CODE[code] ?? 'other';
}

/** Undici gives an answer that is not HTTP at all this name, but no code. */
function isParserError(error: unknown): boolean {
  return error instanceof Error && error.name === 'HTTPParserError';
}

function codeOf(error: unknown): string {
  const hasCode = typeof error === 'object' && error !== null && 'code' in error;
  return hasCode && typeof error.code === 'string' ? error.code : '';
}
