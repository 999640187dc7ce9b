import type { UrlClaims } from './url-claims';
import { readQuery, type UrlQuery } from './url-query';
import type { UrlSeal } from './url-signer';

/** What may be uploaded by a URL, and under which lease. */
export interface UploadClaims {
  readonly taskId: string;
  readonly name: string;
  /** Names the lease; the mark says that it is still this one, should numbers be given out again after a restore. */
  readonly attempt: number;
  readonly leaseMark: string;
  readonly contentType: string;
  /** Bytes: neither more nor less. */
  readonly size: number;
  /** Lower-case hex, if the bytes were known. */
  readonly sha256: string | null;
}

/** As it was called; `taskId` and `name` from its path. */
export interface CalledUpload {
  readonly taskId: string;
  readonly name: string;
  readonly query: UrlQuery;
}

export function uploadUrlClaims(claims: UploadClaims, expiresAt: number): UrlClaims {
  return claimsOf(claims.taskId, claims.name, {
    expires: String(expiresAt),
    attempt: String(claims.attempt),
    lease: claims.leaseMark,
    type: claims.contentType,
    size: String(claims.size),
    ...(claims.sha256 === null ? {} : { sha256: claims.sha256 }),
  });
}

/** The claims of a called URL, to be believed once `url` was checked. @throws `auth.forbidden` */
export function readUploadClaims(called: CalledUpload): {
  readonly claims: UploadClaims;
  readonly url: UrlClaims;
  readonly seal: UrlSeal;
} {
  const { taskId, name, query } = called;
  const { params, seal } = readQuery(query, ['attempt', 'lease', 'type', 'size'], ['sha256']);
  const claims = {
    taskId,
    name,
    attempt: Number(params['attempt']),
    leaseMark: params['lease'] ?? '',
    contentType: params['type'] ?? '',
    size: Number(params['size']),
    sha256: params['sha256'] ?? null,
  };
  return { claims, url: claimsOf(taskId, name, params), seal };
}

function claimsOf(taskId: string, name: string, params: UrlClaims['params']): UrlClaims {
  return { method: 'PUT', path: ['tasks', taskId, 'artifacts', name], params };
}
