import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { ReadConnection } from '@foreman/database';
import { invalidField } from '@foreman/kernel';
import { stringify, type Options } from 'csv-stringify/sync';
import { CsvTable } from './csv-table';
import { rowFilter } from './filter-text';
import { HeavyReads } from './heavy-reads';
import { OrderedRows, type RowSelection } from './ordered-rows';
import { rowFields, type RowField } from './row-fields';
import { rowOrder } from './row-order';
import { RowText } from './row-text';
import type { ResultQuery } from './result-queries';
import { ResultsSettings } from '../results.options';
import { assertKept, rowExtent } from '../rows/row-extent';
import type { RawResultRow } from '../rows/row-pages';

const EVERYTHING: ResultQuery = { sort: null, order: 'asc' };

/**
 * All rows of a query as one text, streamed: they end with those that were there at the beginning. Each is read to its end
 * or destroyed. One that ends is whole: its stream fails instead (`results.dropped`, `job.not_found`) when rows that belong
 * to it have stopped counting before its end, or the job has gone.
 */
@Injectable()
export class ResultExports {
  constructor(
    private readonly reads: ReadConnection,
    private readonly rows: OrderedRows,
    private readonly heavyReads: HeavyReads,
    private readonly settings: ResultsSettings,
  ) {}

  /**
   * One `{taskIndex, configId, config, metrics}` a line, or what `fields` name of it.
   * @throws `request.invalid` for a query that is none; `job.not_found`; `rate.limited` when too many are open.
   */
  async ndjson(jobId: string, query = EVERYTHING): Promise<Readable> {
    const text = new RowText(rowFields(query.fields ?? null));
    return this.open(jobId, query, (selection) => this.lines(selection, text));
  }

  /**
   * `taskIndex,configId,config.<name>...,metrics.<name>...`: a first pass over the rows gathers the
   * columns, unless `fields` names each of them. Text that a spreadsheet would run as a formula is led
   * by an apostrophe; nested values are JSON.
   * @throws as `ndjson`; `request.invalid` also for too many different columns for a table.
   */
  async csv(jobId: string, query = EVERYTHING): Promise<Readable> {
    const fields = rowFields(query.fields ?? null);
    return this.open(jobId, query, (selection) => this.records(selection, fields));
  }

  /** Its beginning is read at once, so that what cannot begin is refused, and is no stream that breaks off. */
  private async open(
    jobId: string,
    { sort, order, where }: ResultQuery,
    textOf: (selection: RowSelection) => AsyncGenerator<string, void>,
  ): Promise<Readable> {
    const asked = { order: rowOrder(sort, order), filter: rowFilter(where ?? []) };
    const close = this.heavyReads.openExport();
    try {
      const text = textOf({ ...asked, ...(await rowExtent(this.reads, jobId)) });
      const first = await text.next();
      const stream = Readable.from(continued(first, text), { objectMode: false });
      return stream.once('close', close);
    } catch (error) {
      close();
      throw error;
    }
  }

  private async *lines(selection: RowSelection, text: RowText): AsyncGenerator<string, void> {
    for await (const page of this.pages(selection)) {
      yield page.map((row) => `${text.of(row)}\n`).join('');
    }
  }

  /** A page at a time: as a stream of records, each would be an object of its own on the way. */
  private async *records(
    selection: RowSelection,
    fields: readonly RowField[] | null,
  ): AsyncGenerator<string, void> {
    const table = await this.table(selection, fields);
    yield stringify([table.header()], CSV_FORM);
    for await (const page of this.pages(selection)) {
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
    for await (const page of this.pages({ ...selection, order: null })) {
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

  /** None is handed on before it is known that its rows still counted when it had been read; nor is the end told. */
  private async *pages(selection: RowSelection): AsyncGenerator<RawResultRow[]> {
    for await (const page of this.rows.all(this.reads, selection)) {
      await assertKept(this.reads, selection);
      yield page;
    }
    await assertKept(this.reads, selection);
  }
}

async function* continued<T>(
  first: IteratorResult<T, void>,
  rest: AsyncGenerator<T, void>,
): AsyncGenerator<T, void> {
  if (first.done === true) return;
  yield first.value;
  yield* rest;
}

const CSV_FORM: Options = {
  // A lone line break inside a cell would be read as the end of a record.
  quoted_match: /[\r\n]/,
  record_delimiter: 'windows',
};
