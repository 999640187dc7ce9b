import { Column, PrimaryColumn } from 'typeorm';

interface Nullable {
  readonly nullable?: boolean;
}

/** A UUID or another opaque text key. */
export function IdColumn(): PropertyDecorator {
  return PrimaryColumn({ type: 'text' });
}

export function TextColumn(options: Nullable = {}): PropertyDecorator {
  return Column({ type: 'text', nullable: options.nullable ?? false });
}

/** A whole number: counts, bytes, seconds. */
export function IntegerColumn(options: Nullable = {}): PropertyDecorator {
  return Column({ type: 'integer', nullable: options.nullable ?? false });
}

/** A measured quantity that is not whole. */
export function RealColumn(options: Nullable = {}): PropertyDecorator {
  return Column({ type: 'real', nullable: options.nullable ?? false });
}

/** A moment in milliseconds since the epoch: sorts, compares and adds as a number. */
export function EpochMsColumn(options: Nullable = {}): PropertyDecorator {
  return IntegerColumn(options);
}

/** A yes or no, stored as 1 or 0. */
export function FlagColumn(): PropertyDecorator {
  return Column({ type: 'boolean' });
}

/** A JSON value kept as text. */
export function JsonColumn(options: Nullable = {}): PropertyDecorator {
  return Column({ type: 'simple-json', nullable: options.nullable ?? false });
}
