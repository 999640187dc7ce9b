import { inspect } from 'node:util';

/** What an edge tells of a failed attempt, as it must be stored. */
export interface FailureReport {
  /** 1 to 100 of `A-Z a-z 0-9 . _ -`, beginning with a letter or a digit. */
  readonly code: string;
  /** At most 2000 characters. */
  readonly message: string;
  readonly retryable?: boolean;
  /** 0 to 86,400. */
  readonly retryAfterSeconds?: number;
  readonly keepArtifacts?: boolean;
}

const MAX_CODE_CHARS = 100;
const MAX_MESSAGE_CHARS = 2000;
const LONGEST_RETRY_SECONDS = 86_400;
/** Where nothing is left of a code. */
const NO_CODE = 'executor.failed';

/**
 * Makes a report fit, whatever it is: refused, its verdict would be lost, and a failure that must not be tried again
 * would be. A code that had to be changed stands before the message.
 */
export function fittedFailure(report: {
  readonly [Field in keyof FailureReport]?: unknown;
}): FailureReport {
  const { code: sent, message, retryable, retryAfterSeconds, keepArtifacts } = report;
  const original = sent === undefined || sent === null ? '' : textOf(sent);
  const code = fittedCode(original);
  const text = message === undefined || message === null ? '' : textOf(message);
  return {
    code,
    message: cutText(
      code === original || original === '' ? text : `${original}: ${text}`,
      MAX_MESSAGE_CHARS,
    ),
    ...(typeof retryable === 'boolean' && { retryable }),
    ...(Number.isFinite(retryAfterSeconds) && {
      retryAfterSeconds: Math.min(Math.max(Number(retryAfterSeconds), 0), LONGEST_RETRY_SECONDS),
    }),
    ...(typeof keepArtifacts === 'boolean' && { keepArtifacts }),
  };
}

function fittedCode(text: string): string {
  const code = cutText(text, MAX_MESSAGE_CHARS)
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/^[._-]+/, '')
    .slice(0, MAX_CODE_CHARS);
  return code === '' ? NO_CODE : code;
}

/** Text for anything that may be thrown; runs no code of the value's own. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { customInspect: false, depth: 3 });
}

/** At most `limit` UTF-16 units of a text; what would be half a character at the end is left out. */
export function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const last = text.charCodeAt(limit - 1);
  const isHalf = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isHalf ? limit - 1 : limit);
}
