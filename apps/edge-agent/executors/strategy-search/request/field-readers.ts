import { InvalidPayload } from './invalid-payload';

export type Fields = Readonly<Record<string, unknown>>;

/** The value as an object. @throws InvalidPayload if it is anything else. */
export function readObject(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidPayload(path, 'must be an object');
  }
  return value as Fields;
}

/** A string of 1..`maxLength` characters. @throws InvalidPayload */
export function readText(value: unknown, path: string, maxLength: number): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > maxLength) {
    throw new InvalidPayload(path, `must be a string of 1 to ${maxLength} characters`);
  }
  return value;
}

/** One of `allowed`. @throws InvalidPayload that lists them */
export function readChoice<T extends string>(
  value: unknown,
  path: string,
  allowed: readonly T[],
): T {
  const match = allowed.find((choice) => choice === value);
  if (match === undefined) throw new InvalidPayload(path, `must be one of ${allowed.join(', ')}`);
  return match;
}

/** A finite number (not a numeric string). @throws InvalidPayload */
export function readNumber(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new InvalidPayload(path, 'must be a finite number');
  }
  return value;
}

/** A whole number in `min..max`. @throws InvalidPayload */
export function readInteger(value: unknown, path: string, min: number, max: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
    throw new InvalidPayload(path, `must be a whole number from ${min} to ${max}`);
  }
  return value as number;
}
