import { Readable, pipeline } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { invalidField } from '@foreman/kernel';
import { stringify } from 'csv-stringify';
import { ResultsSettings } from './results.options';
import { RowPages, type RawResultRow } from './rows/row-pages';

type Cells = Readonly<Record<string, unknown>>;

/** All of a job's rows as one text, streamed: they end with the rows that were there at the beginning. */
@Injectable()
export class ResultExports {
  constructor(
    private readonly rows: RowPages,
    private readonly settings: ResultsSettings,
  ) {}

  /** One `{taskIndex, configId, config, metrics}` a line. */
  ndjson(jobId: string): Readable {
    return Readable.from(this.ndjsonPages(jobId), { objectMode: false });
  }

  /**
   * `taskIndex,configId,config.<name>...,metrics.<name>...`: a first pass over the rows gathers the
   * columns. Text that a spreadsheet would run as a formula is led by an apostrophe; nested values
   * are JSON.
   * @throws `request.invalid` when there are too many different columns for a table.
   */
  async csv(jobId: string): Promise<Readable> {
    const last = await this.rows.lastRowId();
    const names = await this.columns(jobId, last);
    const csv = stringify({
      header: true,
      columns: [
        'taskIndex',
        'configId',
        ...names.config.map((name) => `config.${name}`),
        ...names.metrics.map((name) => `metrics.${name}`),
      ],
      escape_formulas: true,
      // A lone line break inside a cell would be read as the end of a record.
      quoted_match: /[\r\n]/,
      record_delimiter: 'windows',
      cast: { boolean: String },
    });
    pipeline(Readable.from(this.records(jobId, last, names)), csv, () => undefined);
    return csv;
  }

  private async *ndjsonPages(jobId: string): AsyncGenerator<string> {
    for await (const page of this.rows.all(jobId, await this.rows.lastRowId())) {
      yield page.map(ndjsonLine).join('');
    }
  }

  private async *records(
    jobId: string,
    last: number,
    names: ColumnNames,
  ): AsyncGenerator<unknown[]> {
    for await (const page of this.rows.all(jobId, last)) {
      for (const row of page) {
        const config = cells(row.config);
        const metrics = cells(row.metrics);
        yield [
          row.task_index,
          row.config_id,
          ...names.config.map((name) => cell(config, name)),
          ...names.metrics.map((name) => cell(metrics, name)),
        ];
      }
    }
  }

  private async columns(jobId: string, last: number): Promise<ColumnNames> {
    const config = new Set<string>();
    const metrics = new Set<string>();
    for await (const page of this.rows.all(jobId, last)) {
      for (const row of page) {
        for (const name of Object.keys(cells(row.config))) config.add(name);
        for (const name of Object.keys(cells(row.metrics))) metrics.add(name);
      }
      if (config.size + metrics.size > this.settings.maxCsvColumns) {
        throw invalidField(
          'Accept',
          `asks for a table of more than ${this.settings.maxCsvColumns} columns; take application/x-ndjson`,
        );
      }
    }
    return { config: [...config], metrics: [...metrics] };
  }
}

interface ColumnNames {
  readonly config: readonly string[];
  readonly metrics: readonly string[];
}

function cells(json: string): Cells {
  return JSON.parse(json) as Cells;
}

/** `undefined` and `null` are empty cells. */
function cell(values: Cells, name: string): unknown {
  const value = Object.hasOwn(values, name) ? values[name] : null;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}

/** The stored texts are handed on as they are. */
function ndjsonLine(row: RawResultRow): string {
  const configId = JSON.stringify(row.config_id);
  return `{"taskIndex":${row.task_index},"configId":${configId},"config":${row.config},"metrics":${row.metrics}}\n`;
}
