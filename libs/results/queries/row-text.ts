import type { RawResultRow } from '../rows/row-pages';
import { JsonMembers } from './json-members';
import type { RowField } from './row-fields';

/**
 * Rows as JSON texts, in the digits that they were sent with: all of a row, or the fields that were
 * picked. A picked name that a row lacks is left out.
 */
export class RowText {
  private readonly members = new JsonMembers();

  constructor(private readonly fields: readonly RowField[] | null) {}

  of(row: RawResultRow): string {
    const { fields } = this;
    const parts = [
      ['taskIndex', String(row.task_index)],
      ['configId', JSON.stringify(row.config_id)],
      ['config', row.config],
      ['metrics', row.metrics],
    ] as const;
    const shown = parts.flatMap(([part, json]) => {
      if (fields === null) return `"${part}":${json}`;
      const picked = fields.filter((field) => field.part === part);
      if (picked.length === 0) return [];
      const isWhole = picked.some(({ name }) => name === null);
      return `"${part}":${isWhole ? json : this.pick(json, picked)}`;
    });
    return `{${shown.join(',')}}`;
  }

  private pick(json: string, fields: readonly RowField[]): string {
    const members = this.members.of(json);
    const picked = fields.flatMap(({ name }) => {
      const value = name === null ? undefined : members.get(name);
      return value === undefined ? [] : `${JSON.stringify(name)}:${value}`;
    });
    return `{${picked.join(',')}}`;
  }
}
