import { DomainError } from '@foreman/kernel';
import { jsonString, nameAt } from './metric-name';
import type { Comparison, MetricCondition, RowFilter } from './row-filter';

/** More conditions than this are no question that a person asks. */
export const MAX_CONDITIONS = 20;

const SUBJECT = /\s*(metrics\.|configId|taskIndex)/y;
const PLAIN_NAME = /[^\s<>=!"]+/y;
const COMPARISON = /\s*(>=|<=|!=|>|<|=)\s*/y;
const EQUALS = /\s*=\s*/y;
/** JSON's, to the end of the text. */
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?=\s*$)/y;
const WORD = /(?:true|false|null)(?=\s*$)/y;
const TASK_INDEX = /\d{1,9}(?=\s*$)/y;

const WORDS = new Map<string, number | null>([
  ['true', 1],
  ['false', 0],
  ['null', null],
]);

/**
 * Reads conditions, all of which a row has to meet; spaces are free between the parts:
 *
 * - `metrics.<name> (>=|<=|>|<|=|!=) <number|true|false>`, `metrics.<name> (=|!=) null`; the name is
 *   plain (no spaces, quotes or any of `<>=!`) or a JSON string;
 * - `configId = <text>`, verbatim to the end, or a JSON string;
 * - `taskIndex = <n>`.
 *
 * @throws `request.invalid` naming the condition and the character, counted from 1.
 */
export function rowFilter(where: readonly string[]): RowFilter {
  const filter = {
    metrics: [] as MetricCondition[],
    configIds: [] as string[],
    taskIndexes: [] as number[],
  };
  if (where.length > MAX_CONDITIONS) {
    throw invalidWhere('where', `has more than ${MAX_CONDITIONS} conditions`);
  }
  where.forEach((text, index) => {
    const reader = new ConditionReader(text, `where[${index}]`);
    const subject = reader.take(SUBJECT, 'metrics.<name>, configId or taskIndex').trim();
    if (subject === 'configId') filter.configIds.push(reader.configId());
    else if (subject === 'taskIndex') filter.taskIndexes.push(reader.taskIndex());
    else filter.metrics.push(reader.metric());
  });
  return filter;
}

class ConditionReader {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly path: string,
  ) {}

  take(pattern: RegExp, expected: string): string {
    const found = this.find(pattern);
    if (found === null) throw this.refusal(expected);
    return found;
  }

  configId(): string {
    this.take(EQUALS, '=');
    const rest = this.text.slice(this.at).trimEnd();
    const id = jsonString(rest) ?? rest;
    if (id === '') throw this.refusal('an id');
    return id;
  }

  taskIndex(): number {
    this.take(EQUALS, '=');
    return Number(this.take(TASK_INDEX, 'a whole number'));
  }

  metric(): MetricCondition {
    const found = nameAt(this.text, this.at, PLAIN_NAME);
    if (found === null) throw this.refusal('the name of a metric');
    this.at = found.end;
    const comparison = this.take(COMPARISON, 'one of >= <= > < = !=').trim() as Comparison;
    return { metric: found.name, comparison, value: this.value(comparison) };
  }

  private value(comparison: Comparison): number | null {
    const start = this.at;
    const word = this.find(WORD);
    if (word === 'null' && comparison !== '=' && comparison !== '!=') {
      this.at = start;
      throw this.refusal('a number (null has no order)');
    }
    if (word !== null) return WORDS.get(word) ?? null;
    const value = Number(this.take(NUMBER, 'a number, true, false or null'));
    if (Number.isFinite(value)) return value;
    this.at = start;
    throw this.refusal('a number that a 64-bit float can hold');
  }

  private find(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) return null;
    this.at += found.length;
    return found;
  }

  private refusal(expected: string): DomainError {
    return invalidWhere(this.path, `at character ${this.at + 1}: expected ${expected}`);
  }
}

function invalidWhere(path: string, message: string): DomainError {
  return new DomainError('request.invalid', `${path} ${message}`, { errors: [{ path, message }] });
}
