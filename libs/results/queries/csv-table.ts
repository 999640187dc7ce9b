import type { RawResultRow } from '../rows/row-pages';
import { JsonMembers } from './json-members';
import type { RowField } from './row-fields';

const ALL: readonly RowField[] = [
  { part: 'taskIndex', name: null },
  { part: 'configId', name: null },
  { part: 'config', name: null },
  { part: 'metrics', name: null },
];

/**
 * Rows as records of one table. `config` and `metrics` as a whole become a column for every name that
 * was learned, in the order in which they came.
 */
export class CsvTable {
  private readonly fields: readonly RowField[];
  private readonly members = new JsonMembers();
  private readonly names = { config: new Set<string>(), metrics: new Set<string>() };

  constructor(fields: readonly RowField[] | null) {
    this.fields = fields ?? ALL;
  }

  /** Has columns that only the rows tell. */
  get wantsNames(): boolean {
    return this.wants('config') || this.wants('metrics');
  }

  get nameCount(): number {
    return this.names.config.size + this.names.metrics.size;
  }

  learn(row: RawResultRow): void {
    for (const part of ['config', 'metrics'] as const) {
      if (!this.wants(part)) continue;
      for (const name of this.members.of(row[part]).keys()) this.names[part].add(name);
    }
  }

  header(): string[] {
    return this.columns().map(({ part, name }) => (name === null ? part : `${part}.${name}`));
  }

  record(row: RawResultRow): string[] {
    const texts = { config: this.members.of(row.config), metrics: this.members.of(row.metrics) };
    return this.columns().map(({ part, name }) => {
      if (part === 'taskIndex') return String(row.task_index);
      if (part === 'configId') return unrun(row.config_id);
      return cell(texts[part].get(name ?? ''));
    });
  }

  private known: readonly RowField[] | null = null;

  /** Asked for once all names are learned. */
  private columns(): readonly RowField[] {
    this.known ??= this.fields.flatMap((field) => {
      const { part } = field;
      if (field.name !== null || part === 'taskIndex' || part === 'configId') return field;
      return [...this.names[part]].map((name) => ({ part, name }));
    });
    return this.known;
  }

  private wants(part: 'config' | 'metrics'): boolean {
    return this.fields.some((field) => field.part === part && field.name === null);
  }
}

/** Numbers in the digits that were sent; null, and what is not there, is empty. */
function cell(json: string | undefined): string {
  if (json === undefined || json === 'null') return '';
  return json.startsWith('"') ? unrun(JSON.parse(json) as string) : json;
}

/**
 * Text that spreadsheets would run is led by an apostrophe (OWASP, "CSV Injection"; the full-width ones
 * are what some make of them).
 */
function unrun(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

const FORMULA = /^[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/;
