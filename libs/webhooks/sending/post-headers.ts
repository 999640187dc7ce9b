import { signatureHeaders } from '../signing/signature';

const USER_AGENT = 'Foreman-Webhooks/1';

/** Of a POST that is sent at `now` (epoch ms), signed with `keys`. */
export function postHeaders(
  message: { readonly id: string; readonly body: Buffer },
  keys: readonly Buffer[],
  now: number,
): Record<string, string> {
  const timestampSeconds = Math.floor(now / 1000);
  return {
    'content-type': 'application/json',
    'user-agent': USER_AGENT,
    ...signatureHeaders({ ...message, timestampSeconds }, keys),
  };
}
