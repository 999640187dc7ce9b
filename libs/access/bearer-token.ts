import { timingSafeEqual } from 'node:crypto';
import { DomainError, sha256Hex } from '@foreman/kernel';

/** What a token opens, by its first letters (contract, "Who is calling"). */
export const TOKEN_PREFIX = { apiKey: 'fmk_', edge: 'fme_', enrolment: 'fmn_' } as const;

export type TokenKind = keyof typeof TOKEN_PREFIX;

/** A token is 256 random bits in base64url, 43 characters; longer ones may come from the settings. */
const TOKEN = /^fm[ken]_[A-Za-z0-9_-]{43,200}$/;

/** Whether this text can be a token of that kind at all. */
export function isToken(kind: TokenKind, text: string): boolean {
  return text.startsWith(TOKEN_PREFIX[kind]) && TOKEN.test(text);
}

/**
 * The hash under which a token of this kind is kept.
 * @throws `auth.missing` without a token, `auth.invalid` for one of another kind or none at all.
 */
export function tokenHashOf(kind: TokenKind, token: string | null): string {
  if (token === null) throw new DomainError('auth.missing', 'This call needs a bearer token.');
  if (!isToken(kind, token)) throw invalidToken();
  return sha256Hex(token);
}

export function invalidToken(): DomainError {
  return new DomainError('auth.invalid', 'The bearer token is not known here.');
}

/** Compares two lower-case hex digests in a time that tells nothing about where they differ. */
export function digestsAreEqual(a: string, b: string): boolean {
  const left = Buffer.from(a, 'hex');
  const right = Buffer.from(b, 'hex');
  return left.length === right.length && left.length > 0 && timingSafeEqual(left, right);
}
