import { readHttpDate } from '@foreman/kernel';

/**
 * A refusal by the gateway: its problem document (RFC 9457), typed. Match on `code`, never on the text.
 * An answer that is not a problem document (a proxy's page, say) has the code `http.<status>`.
 */
export class GatewayProblem extends Error {
  override readonly name = 'GatewayProblem';

  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    /** From `Retry-After`, in seconds from the answer; null when there was none. */
    readonly retryAfterSeconds: number | null,
    /** The whole problem document, with the fields of its case (`task`, `kept`, `stored`, `limitBytes`, ...). */
    readonly members: Readonly<Record<string, unknown>>,
  ) {
    super(`${status} ${code}: ${detail}`);
  }
}

/** The call got no answer, or one that cannot be Foreman's: refused, reset, timed out, cut off, garbled. */
export class ConnectionFailure extends Error {
  override readonly name = 'ConnectionFailure';
}

/** How much of a page that is not a problem document is worth showing. */
const FOREIGN_DETAIL_CHARS = 200;

/** Reads an error answer, whatever was sent. */
export function problemFrom(
  status: number,
  body: string,
  retryAfter: string | undefined,
  nowMs: number,
): GatewayProblem {
  const retryAfterSeconds = retryAfterSecondsFrom(retryAfter, nowMs);
  const members = jsonObject(body);
  const code = members?.['code'];
  if (members === null || typeof code !== 'string') {
    const detail = body.slice(0, FOREIGN_DETAIL_CHARS) || 'no body';
    return new GatewayProblem(status, `http.${status}`, detail, retryAfterSeconds, members ?? {});
  }
  const detail = members['detail'] ?? members['title'];
  return new GatewayProblem(
    status,
    code,
    typeof detail === 'string' ? detail : code,
    retryAfterSeconds,
    members,
  );
}

/** `Retry-After` in either of its forms (RFC 9110, 10.2.3); null if absent or not understood. */
export function retryAfterSecondsFrom(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header);
  const dateMs = readHttpDate(header.trim());
  return dateMs === null ? null : Math.max(0, Math.ceil((dateMs - nowMs) / 1000));
}

function jsonObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
