import { invalidField } from '@foreman/kernel';

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[\\t !#-\\[\\]-~]|\\\\[\\t -~])*"';
const MEDIA_TYPE = new RegExp(
  `^${TOKEN}/${TOKEN}(?:[ \\t]*;[ \\t]*${TOKEN}=(?:${TOKEN}|${QUOTED}))*$`,
);
const MAX_LENGTH = 200;

/**
 * Refuses what is not a media type by RFC 9110 section 8.3.1: it goes back out as a header.
 * @throws `request.invalid` about `path`.
 */
export function checkMediaType(contentType: string, path = 'content_type'): void {
  if (contentType.length > MAX_LENGTH || !MEDIA_TYPE.test(contentType)) {
    throw invalidField(
      path,
      `must be a media type of at most ${MAX_LENGTH} characters, as text/csv`,
    );
  }
}

/** `type/subtype` in lower case, without parameters. */
export function mediaEssence(contentType: string): string {
  return contentType.split(';', 1)[0]!.trim().toLowerCase();
}

export function isJsonType(contentType: string): boolean {
  const essence = mediaEssence(contentType);
  return essence === 'application/json' || essence.endsWith('+json');
}

export function isTextType(contentType: string): boolean {
  return mediaEssence(contentType).startsWith('text/');
}

const CHARSET = /;[ \t]*charset=(?:"([^"]*)"|([^;"\s]*))/i;

/** Whether its bytes are to be read as UTF-8: named so, or not named at all. */
export function isUtf8Type(contentType: string): boolean {
  const match = CHARSET.exec(contentType);
  const charset = (match?.[1] ?? match?.[2] ?? 'utf-8').toLowerCase();
  return charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii';
}
