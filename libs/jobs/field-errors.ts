import { DomainError, LABELS_RULE, areLabels, type FieldError } from '@foreman/kernel';

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
    this.unless(areLabels(labels), path, LABELS_RULE);
  }

  throwIfAny(): void {
    const [first] = this.found;
    if (first === undefined) return;
    throw new DomainError('request.invalid', `${first.path} ${first.message}`, {
      errors: this.found,
    });
  }
}
