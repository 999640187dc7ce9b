import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { ReadConnection } from '@foreman/database';
import { invalidField } from '@foreman/kernel';
import { stringify, type Options } from 'csv-stringify/sync';
import { CsvTable } from './csv-table';
import { rowFilter } from './filter-text';
import { OrderedRows, type RowSelection } from './ordered-rows';
import { rowFields, type RowField } from './row-fields';
import { rowOrder } from './row-order';
import { RowText } from './row-text';
import type { ResultQuery } from './result-queries';
import { ResultsSettings } from '../results.options';
import { RowPages } from '../rows/row-pages';

type Unbounded = Omit<RowSelection, 'upToRowId'>;

const EVERYTHING: ResultQuery = { sort: null, order: 'asc' };

/** All rows of a query as one text, streamed: they end with those that were there at the beginning. */
@Injectable()
export class ResultExports {
  constructor(
    private readonly reads: ReadConnection,
    private readonly rowPages: RowPages,
    private readonly rows: OrderedRows,
    private readonly settings: ResultsSettings,
  ) {}

  /**
   * One `{taskIndex, configId, config, metrics}` a line, or what `fields` name of it.
   * @throws `request.invalid` for a query that is none.
   */
  ndjson(jobId: string, query = EVERYTHING): Readable {
    const text = new RowText(rowFields(query.fields ?? null));
    return Readable.from(this.lines(selectionOf(jobId, query), text), { objectMode: false });
  }

  /**
   * `taskIndex,configId,config.<name>...,metrics.<name>...`: a first pass over the rows gathers the
   * columns, unless `fields` names each of them. Text that a spreadsheet would run as a formula is led
   * by an apostrophe; nested values are JSON.
   * @throws `request.invalid` for a query that is none, or too many different columns for a table.
   */
  async csv(jobId: string, query = EVERYTHING): Promise<Readable> {
    const fields = rowFields(query.fields ?? null);
    const selection = await this.bounded(selectionOf(jobId, query));
    const table = await this.table(selection, fields);
    return Readable.from(this.records(selection, table), { objectMode: false });
  }

  /** With the rows that are there now. */
  private async bounded(selection: Unbounded): Promise<RowSelection> {
    return { ...selection, upToRowId: await this.rowPages.lastRowId() };
  }

  private async *lines(selection: Unbounded, text: RowText): AsyncGenerator<string> {
    for await (const page of this.rows.all(this.reads, await this.bounded(selection))) {
      yield page.map((row) => `${text.of(row)}\n`).join('');
    }
  }

  /** A page at a time: as a stream of records, each would be an object of its own on the way. */
  private async *records(selection: RowSelection, table: CsvTable): AsyncGenerator<string> {
    yield stringify([table.header()], CSV_FORM);
    for await (const page of this.rows.all(this.reads, selection)) {
      yield stringify(
        page.map((row) => table.record(row)),
        CSV_FORM,
      );
    }
  }

  private async table(
    selection: RowSelection,
    fields: readonly RowField[] | null,
  ): Promise<CsvTable> {
    const table = new CsvTable(fields);
    if (!table.wantsNames) return table;
    for await (const page of this.rows.all(this.reads, { ...selection, order: null })) {
      for (const row of page) table.learn(row);
      if (table.nameCount > this.settings.maxCsvColumns) {
        throw invalidField(
          'Accept',
          `asks for a table of more than ${this.settings.maxCsvColumns} columns; take application/x-ndjson`,
        );
      }
    }
    return table;
  }
}

const CSV_FORM: Options = {
  // A lone line break inside a cell would be read as the end of a record.
  quoted_match: /[\r\n]/,
  record_delimiter: 'windows',
};

function selectionOf(jobId: string, query: ResultQuery): Unbounded {
  return { jobId, order: rowOrder(query.sort, query.order), filter: rowFilter(query.where ?? []) };
}
