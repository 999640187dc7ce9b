import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { isToken } from '@foreman/access';
import { isReleasePublicKey } from '@foreman/kernel';
import ipaddr from 'ipaddr.js';

/** A parser's refusal: what the value must be. The name is added by who asked. */
export class SettingRefused extends Error {}

export type Parse<T> = (text: string) => T;

export function wholeNumber(min: number, max: number): Parse<number> {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,16}$/.test(text) || value < min || value > max) {
      throw new SettingRefused(`must be a whole number from ${min} to ${max}`);
    }
    return value;
  };
}

export function oneOf<T extends string>(choices: readonly T[]): Parse<T> {
  return (text) => {
    const choice = choices.find((one) => one === text);
    if (choice === undefined) throw new SettingRefused(`must be one of ${choices.join(', ')}`);
    return choice;
  };
}

/** `off` is null: the thing is not done. */
export function orOff<T>(parse: Parse<T>): Parse<T | null> {
  return (text) => (text === 'off' ? null : parse(text));
}

export const yesOrNo: Parse<boolean> = (text) => oneOf(['true', 'false'])(text) === 'true';

export const hostName: Parse<string> = (text) => {
  if (!ipaddr.isValid(text) && !/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/.test(text)) {
    throw new SettingRefused('must be an address or a host name to listen on');
  }
  return text;
};

export const sqliteUrl: Parse<string> = (text) => {
  const file = /^sqlite:(?:\/\/)?(.+)$/.exec(text)?.[1];
  if (file === undefined) {
    throw new SettingRefused('must be sqlite:<file>; other databases are not supported');
  }
  return file;
};

/** An absolute http(s) url without query, without its trailing slash. */
export const publicUrl: Parse<string> = (text) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain =
    url !== null &&
    ['http:', 'https:'].includes(url.protocol) &&
    [url.search, url.hash, url.username, url.password].every((part) => part === '');
  if (!isPlain)
    throw new SettingRefused('must be an http or https url without user, query or fragment');
  return text.replace(/\/+$/, '');
};

export const adminToken: Parse<string> = (text) => {
  if (!isToken('apiKey', text)) {
    throw new SettingRefused(
      'must be fmk_ and at least 43 characters of A-Z a-z 0-9 _ - (256 random bits)',
    );
  }
  return text;
};

const SECRET_KEY_BYTES = 32;

export const secretKey: Parse<Buffer> = (text) => {
  const key = Buffer.from(text, 'base64');
  if (!/^[A-Za-z0-9+/_-]+=*$/.test(text) || key.length !== SECRET_KEY_BYTES) {
    throw new SettingRefused(`must be ${SECRET_KEY_BYTES} random bytes in base64`);
  }
  return key;
};

/** Comma-separated; blanks around an item do not count; an empty text is an empty list. */
export function listOf<T>(parseItem: Parse<T>): Parse<readonly T[]> {
  return (text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
      .map((item) => parseItem(item));
}

export const cidr: Parse<string> = (text) => {
  if (!ipaddr.isValidCIDR(text)) {
    throw new SettingRefused('must be comma-separated networks such as 10.0.0.0/8');
  }
  return text;
};

/** A host name, `*.example.com` for everything under one, an address or a network. */
export const hostPattern: Parse<string> = (text) => {
  const name = domainToASCII(text.replace(/^\*\./, ''));
  // domainToASCII alone would take the host out of a URL, or what stands before a slash.
  const isName = !/[\s/\\:?#@%]/.test(text) && /^[a-z0-9_](?:[a-z0-9_.-]{0,252})?$/.test(name);
  if (!isName && isIP(text) === 0 && !ipaddr.isValidCIDR(text)) {
    throw new SettingRefused(
      'must be comma-separated hosts, such as db.example, *.corp.example, 10.0.0.5 or 10.1.0.0/16',
    );
  }
  return text;
};

const port = wholeNumber(0, 65_535);

/** `22` or `1-1023`, comma-separated. */
export const portList: Parse<readonly number[]> = (text) =>
  listOf((item) => {
    const [first = '', last = first, ...rest] = item.split('-');
    const ends = [port(first.trim()), port(last.trim())] as const;
    if (rest.length > 0 || ends[1] < ends[0]) {
      throw new SettingRefused('must be comma-separated ports or ranges, such as 22,6000-6063');
    }
    return Array.from({ length: ends[1] - ends[0] + 1 }, (_, step) => ends[0] + step);
  })(text).flat();

/** An Ed25519 public key: the raw 32 bytes in base64. */
export const releaseKey: Parse<string> = (text) => {
  if (!isReleasePublicKey(text)) {
    throw new SettingRefused(
      'must be comma-separated Ed25519 public keys, 32 bytes in base64 each',
    );
  }
  return text;
};
