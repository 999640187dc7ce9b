import { Injectable } from '@nestjs/common';
import { ReadConnection, UnitOfWork } from '@foreman/database';
import { LeaseFence, type TaskEntity } from '@foreman/jobs';
import { Clock } from '@foreman/kernel';
import { HeavyReads } from './heavy-reads';
import { JsonMembers } from './json-members';
import type { RowSender } from '../ingestion/result-ingestion';
import { ResultsSettings } from '../results.options';
import { RowPages } from '../rows/row-pages';

export interface WantedIds extends RowSender {
  /** Metrics to tell beside each id. */
  readonly metrics?: readonly string[];
}

/** Rows of one statement: short also where their metrics are read, at up to 64 KiB a row. */
const PAGE_ROWS = 500;

/** Tells the holder of a lease which rows it has already, so that it does not make them again. */
@Injectable()
export class ResultIds {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    private readonly fence: LeaseFence,
    private readonly rowPages: RowPages,
    private readonly heavyReads: HeavyReads,
    private readonly settings: ResultsSettings,
  ) {}

  /**
   * The rows that count under this lease and are there now, in the order of arrival, as NDJSON:
   * `{"configId"}` a line, with `metrics` those of the wanted ones that the row has. The lease is
   * extended while they are read, and held once more after the last: a list that ends is whole.
   * @throws `task.not_found`; `lease.lost`, the stream as well, when the lease ends in the middle of it.
   */
  async open(wanted: WantedIds): Promise<AsyncGenerator<string>> {
    const { rowSetId } = await this.hold(wanted);
    return this.lines(wanted, rowSetId, await this.rowPages.lastRowId());
  }

  private async *lines(
    wanted: WantedIds,
    setId: number | null,
    upToRowId: number,
  ): AsyncGenerator<string> {
    if (setId === null) return;
    const text = lineText(wanted.metrics ?? []);
    const sql = wanted.metrics?.length ? IDS_AND_METRICS : IDS;
    let after = 0;
    let heldAt = this.clock.monotonicMs();
    for (;;) {
      const params = [setId, after, upToRowId, PAGE_ROWS];
      const page = await this.heavyReads.page(() => this.reads.query<StoredId>(sql, params));
      after = page.at(-1)?.id ?? after;
      const isLast = page.length < PAGE_ROWS;
      // Rows of a lease that is over may be swept already: the page is told only if they were not.
      if (isLast || this.clock.monotonicMs() - heldAt >= this.settings.leaseExtensionMs) {
        await this.hold(wanted);
        heldAt = this.clock.monotonicMs();
      }
      if (page.length > 0) yield page.map(text).join('');
      if (isLast) return;
    }
  }

  private hold({ taskId, edgeId, leaseToken }: RowSender): Promise<TaskEntity> {
    return this.unitOfWork.run((tx) =>
      this.fence.hold(tx, { taskId, edgeId, leaseToken, now: this.clock.now() }),
    );
  }
}

interface StoredId {
  readonly id: number;
  readonly config_id: string;
  /** Only where metrics are wanted. */
  readonly metrics?: string;
}

/** Values are the sender's own text: a double read from it is the one that was written. */
function lineText(wanted: readonly string[]): (row: StoredId) => string {
  const members = new JsonMembers();
  const names = [...new Set(wanted)];
  return ({ config_id: configId, metrics }) => {
    const id = `{"configId":${JSON.stringify(configId)}`;
    if (metrics === undefined) return `${id}}\n`;
    const values = members.of(metrics);
    const told = names.flatMap((name) => {
      const value = values.get(name);
      return value === undefined ? [] : [`${JSON.stringify(name)}:${value}`];
    });
    return `${id},"metrics":{${told.join(',')}}}\n`;
  };
}

const PAGE = 'FROM result_rows WHERE set_id = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?';

export const IDS = `SELECT id, config_id ${PAGE}`;
export const IDS_AND_METRICS = `SELECT id, config_id, metrics ${PAGE}`;
