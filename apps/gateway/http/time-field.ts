import { readTime } from '@foreman/kernel';
import { ValidateBy } from 'class-validator';

/** A field that holds a time in text: what `readTime` reads. */
export function IsTime(): PropertyDecorator {
  return ValidateBy({
    name: 'isTime',
    validator: {
      validate: (value) => typeof value === 'string' && readTime(value) !== null,
      defaultMessage: () => '$property must be a time like 2026-11-22T06:00:00.000Z',
    },
  });
}

/** A checked time of a request in ms since the epoch. */
export function epochMs(time: string | null | undefined): number | undefined {
  return readTime(time ?? '') ?? undefined;
}
