import { DomainError } from '@foreman/kernel';
import type { FieldError } from '@foreman/kernel';

/** Collects everything that is wrong with a configuration, so that it can be told at once. */
export class Findings {
  private readonly errors: FieldError[] = [];

  /** Notes a finding when the claim does not hold; answers whether it did. */
  require(holds: boolean, path: string, message: string): boolean {
    if (!holds) this.errors.push({ path, message });
    return holds;
  }

  text(value: unknown, path: string, fallback: string): string {
    if (value === undefined) return fallback;
    return this.require(typeof value === 'string' && value !== '', path, 'must be a text')
      ? (value as string)
      : fallback;
  }

  number(
    value: unknown,
    path: string,
    bounds: { fallback: number; least: number; most: number },
  ): number {
    if (value === undefined) return bounds.fallback;
    const { least, most } = bounds;
    const isInBounds =
      typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
    return this.require(isInBounds, path, `must be a whole number from ${least} to ${most}`)
      ? (value as number)
      : bounds.fallback;
  }

  boolean(value: unknown, path: string, fallback: boolean): boolean {
    if (value === undefined) return fallback;
    return this.require(typeof value === 'boolean', path, 'must be true or false')
      ? (value as boolean)
      : fallback;
  }

  object(value: unknown, path: string, known?: readonly string[]): Record<string, unknown> {
    if (value === undefined) return {};
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!this.require(isObject, path, 'must be an object')) return {};
    const fields = value as Record<string, unknown>;
    for (const name of Object.keys(fields)) {
      const isKnown = known === undefined || known.includes(name);
      this.require(isKnown, path === '' ? name : `${path}.${name}`, 'is not a known setting');
    }
    return fields;
  }

  texts(value: unknown, path: string): string[] {
    if (value === undefined) return [];
    const areTexts = Array.isArray(value) && value.every((item) => typeof item === 'string');
    return this.require(areTexts, path, 'must be a list of texts') ? (value as string[]) : [];
  }

  textMap(value: unknown, path: string): Record<string, string> {
    const fields = this.object(value, path);
    for (const [name, text] of Object.entries(fields)) {
      this.require(typeof text === 'string', `${path}.${name}`, 'must be a text');
    }
    return fields as Record<string, string>;
  }

  /** Throws `request.invalid` with all findings, if there are any. */
  throwIfAny(): void {
    if (this.errors.length === 0) return;
    const text = this.errors.map(({ path, message }) => `${path} ${message}`).join('; ');
    throw new DomainError('request.invalid', text, { errors: this.errors });
  }
}
