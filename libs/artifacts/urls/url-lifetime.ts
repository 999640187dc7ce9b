import { invalidField } from '@foreman/kernel';

const HOUR_SECONDS = 3600;
/** A week (contract): a leaked URL is not open for ever. */
export const MAX_URL_SECONDS = 604_800;

/** A URL that was signed, and the end of its time. */
export interface IssuedUrl {
  readonly url: string;
  /** Epoch ms. */
  readonly expiresAt: number;
}

/** When a URL that is asked for now expires, in epoch ms; by default in an hour. @throws `request.invalid` */
export function expiryOf(expiresSeconds: number | undefined, now: number): number {
  const seconds = expiresSeconds ?? HOUR_SECONDS;
  if (!Number.isSafeInteger(seconds) || seconds < 1 || seconds > MAX_URL_SECONDS) {
    throw invalidField('expiresSeconds', `must be a whole number from 1 to ${MAX_URL_SECONDS}`);
  }
  return now + seconds * 1000;
}
