import { DomainError, type FieldError } from '@foreman/kernel';

const LABEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/;
const MAX_LABELS = 32;
const MAX_LABEL_VALUE = 200;

/** Findings are collected, so that a caller learns of all at once; bounded, since input is. */
const MAX_FINDINGS = 50;

export class FieldErrors {
  private readonly found: FieldError[] = [];

  add(path: string, message: string): void {
    if (this.found.length < MAX_FINDINGS) this.found.push({ path, message });
  }

  unless(holds: boolean, path: string, message: string): void {
    if (!holds) this.add(path, message);
  }

  integer(path: string, value: number | undefined, min: number, max: number): void {
    if (value === undefined) return;
    const holds = Number.isInteger(value) && value >= min && value <= max;
    this.unless(holds, path, `must be a whole number from ${min} to ${max}`);
  }

  labels(path: string, labels: Readonly<Record<string, string>> | undefined): void {
    if (labels === undefined) return;
    const entries = Object.entries(labels);
    const areGood = entries.every(
      ([name, value]) =>
        LABEL_NAME.test(name) && typeof value === 'string' && value.length <= MAX_LABEL_VALUE,
    );
    this.unless(areGood, path, 'must map label names to strings');
    this.unless(entries.length <= MAX_LABELS, path, `must hold at most ${MAX_LABELS} labels`);
  }

  throwIfAny(): void {
    const [first] = this.found;
    if (first === undefined) return;
    throw new DomainError('request.invalid', `${first.path} ${first.message}`, {
      errors: this.found,
    });
  }
}
