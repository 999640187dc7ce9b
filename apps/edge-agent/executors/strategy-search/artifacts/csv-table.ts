import { stringify } from 'csv-stringify/sync';

type Cell = string | number;

/**
 * RFC 4180 text with a header line. A text cell that a spreadsheet would take for a formula gets a leading
 * apostrophe (OWASP, CSV injection): names and times come from whoever wrote the payload. Numbers stay numbers.
 */
export function csvTable(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return stringify([[...columns], ...rows.map((row) => [...row])], {
    escape_formulas: true,
    record_delimiter: '\r\n',
  });
}
