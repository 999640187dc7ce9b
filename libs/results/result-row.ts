import type { FieldError } from '@foreman/kernel';

export type MetricValue = number | boolean | null;

/** One strategy config with its metrics, as an edge sends it. */
export interface ResultRow {
  readonly configId: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly metrics: Readonly<Record<string, MetricValue>>;
}

/** A row that was found good, written out for storing. */
export interface CheckedRow {
  readonly configId: string;
  /** JSON texts. */
  readonly config: string;
  readonly metrics: string;
  /** Of the three as compact JSON. */
  readonly bytes: number;
}

/** A row's most bytes of compact JSON, and a line's of NDJSON. */
export const MAX_ROW_BYTES = 65_536;

export const MAX_CONFIG_ID = 200;
/** Deeper nesting exhausts the stack of whoever writes it out recursively. */
export const MAX_DEPTH = 100;

/**
 * Holds a row against the contract: `configId` of 1..200 characters, `config` an object, `metrics` an
 * object of finite numbers, booleans and nulls, all of it at most 64 KiB. Other fields are ignored.
 * @returns the row to store, or what is wrong with it.
 */
export function checkRow(value: unknown): CheckedRow | readonly FieldError[] {
  if (!isRecord(value)) return [{ path: '', message: 'must be an object' }];
  const { configId, config, metrics } = value;
  const errors = [...configIdErrors(configId), ...configErrors(config), ...metricErrors(metrics)];
  if (errors.length > 0) return errors;
  const row = {
    configId: configId as string,
    config: JSON.stringify(config),
    metrics: JSON.stringify(metrics),
  };
  const bytes =
    ROW_FRAME_BYTES + Buffer.byteLength(JSON.stringify(row.configId) + row.config + row.metrics);
  if (bytes > MAX_ROW_BYTES) {
    return [{ path: '', message: `must be at most ${MAX_ROW_BYTES} bytes of JSON, not ${bytes}` }];
  }
  return { ...row, bytes };
}

/** What stands around the three values in `{"configId":...,"config":...,"metrics":...}`. */
export const ROW_FRAME_BYTES = '{"configId":,"config":,"metrics":}'.length;

function configIdErrors(configId: unknown): FieldError[] {
  const isGood =
    typeof configId === 'string' && configId.length >= 1 && configId.length <= MAX_CONFIG_ID;
  if (!isGood) {
    return [{ path: 'configId', message: `must be a string of 1..${MAX_CONFIG_ID} characters` }];
  }
  return LONE_SURROGATE.test(configId)
    ? [{ path: 'configId', message: 'has half a surrogate pair, which UTF-8 cannot hold' }]
    : [];
}

export const LONE_SURROGATE = /\p{Surrogate}/u;

function configErrors(config: unknown): FieldError[] {
  if (!isRecord(config)) return [{ path: 'config', message: 'must be an object' }];
  const open: { value: unknown; depth: number }[] = [{ value: config, depth: 1 }];
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    const { value, depth } = item;
    if (typeof value === 'number' && !Number.isFinite(value)) {
      return [{ path: 'config', message: `has a number that is not finite: ${value}` }];
    }
    if (typeof value !== 'object' || value === null) continue;
    if (depth > MAX_DEPTH) {
      return [{ path: 'config', message: `is nested deeper than ${MAX_DEPTH}` }];
    }
    for (const inner of Object.values(value)) open.push({ value: inner, depth: depth + 1 });
  }
  return [];
}

function metricErrors(metrics: unknown): FieldError[] {
  if (!isRecord(metrics)) return [{ path: 'metrics', message: 'must be an object' }];
  const errors: FieldError[] = [];
  for (const [name, value] of Object.entries(metrics)) {
    if (value === null || typeof value === 'boolean') continue;
    if (typeof value === 'number' && Number.isFinite(value)) continue;
    const what = typeof value === 'number' ? String(value) : typeof value;
    errors.push({
      path: `metrics.${name}`,
      message: `must be a finite number, a boolean or null, not ${what}`,
    });
  }
  return errors;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
