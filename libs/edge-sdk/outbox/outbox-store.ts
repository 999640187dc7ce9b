import type { LeasedTask } from '../protocol.types';
import type { Dropped, Ending, HeldLease, OutboxEntry, Upload } from './outbox-entry';
import { outboxErrorCode } from './outbox-file';
import type { OutboxDatabase } from './outbox-file';

interface LeaseRow {
  readonly id: number;
  readonly task_id: string;
  readonly lease_token: string;
  readonly job_id: string;
  readonly kind: string;
  readonly attempt: number;
  readonly heartbeat_seconds: number;
  readonly is_resumable: number;
}

interface EntryRow {
  readonly seq: number;
  readonly type: OutboxEntry['type'];
  readonly name: string | null;
  readonly content_type: string | null;
  readonly sha256: string | null;
  readonly body: Buffer;
}

const ENDINGS = `('complete', 'fail')`;

/** Free pages that are kept for what comes next; beyond them the file shrinks as it is emptied. */
const FREE_PAGES_KEPT = 4096;
/** Given back at a time, so that no removal holds the event loop up for long. */
const PAGES_GIVEN_BACK = 1024;

/** All SQL of the outbox. Each method is one transaction, on the disk when it returns. */
export class OutboxStore {
  constructor(private readonly database: OutboxDatabase) {}

  heldBytes(): number {
    const sql = 'SELECT coalesce(sum(bytes), 0) AS bytes FROM entries';
    return this.get<{ bytes: number }>(sql).bytes;
  }

  /** In the order in which they were opened. */
  leases(): HeldLease[] {
    const rows = this.database.prepare('SELECT * FROM leases ORDER BY id').all() as LeaseRow[];
    return rows.map(leaseOf);
  }

  addLease(task: LeasedTask, isResumable: boolean, nowMs: number): HeldLease {
    return leaseOf(
      this.get<LeaseRow>(
        `INSERT INTO leases
           (task_id, lease_token, job_id, kind, attempt, heartbeat_seconds, is_resumable, opened_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`,
        task.taskId,
        task.leaseToken,
        task.jobId,
        task.kind,
        task.attempt,
        task.heartbeatSeconds,
        isResumable ? 1 : 0,
        nowMs,
      ),
    );
  }

  addUpload(lease: HeldLease, upload: Upload): void {
    const { name, contentType, sha256 } = upload.type === 'artifact' ? upload : NAMELESS;
    this.database
      .prepare(
        `INSERT INTO entries (lease_id, type, name, content_type, sha256, bytes, body)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(lease.id, upload.type, name, contentType, sha256, upload.body.length, upload.body);
  }

  /** Throws when the lease has an ending already. Answers its size. */
  addEnding(lease: HeldLease, { type, ...told }: Ending): number {
    const body = Buffer.from(JSON.stringify(told));
    this.database
      .prepare('INSERT INTO entries (lease_id, type, bytes, body) VALUES (?, ?, ?, ?)')
      .run(lease.id, type, body.length, body);
    return body.length;
  }

  /** Everything that the lease still has goes; the ending comes in its place. */
  endInstead(lease: HeldLease, ending: Ending): { readonly dropped: Dropped; added: number } {
    return this.database.transaction(() => ({
      dropped: this.removeWhere(lease, ''),
      added: this.addEnding(lease, ending),
    }))();
  }

  first(lease: HeldLease): OutboxEntry | null {
    const row = this.database
      .prepare(
        `SELECT seq, type, name, content_type, sha256, body FROM entries
         WHERE lease_id = ? ORDER BY seq LIMIT 1`,
      )
      .get(lease.id) as EntryRow | undefined;
    return row === undefined ? null : entryOf(row);
  }

  endingType(lease: HeldLease): Ending['type'] | null {
    const row = this.database
      .prepare(`SELECT type FROM entries WHERE lease_id = ? AND type IN ${ENDINGS}`)
      .get(lease.id) as { type: Ending['type'] } | undefined;
    return row?.type ?? null;
  }

  /** Answers how many bytes went with it. */
  removeEntry(seq: number): number {
    const removed = this.get<{ bytes: number } | undefined>(
      'DELETE FROM entries WHERE seq = ? RETURNING bytes',
      seq,
    );
    this.shrink();
    return removed?.bytes ?? 0;
  }

  /** What is not an ending goes; of rows only where they are not wanted. */
  removeUploads(lease: HeldLease, keeps: 'rows' | 'none'): Dropped {
    const kept = keeps === 'rows' ? `'complete', 'fail', 'rows'` : `'complete', 'fail'`;
    return this.removeWhere(lease, `AND type NOT IN (${kept})`);
  }

  /** The lease goes, with everything that it still has. */
  removeLease(lease: HeldLease): Dropped {
    const dropped = this.database.transaction(() => {
      const gone = this.removeWhere(lease, '');
      this.database.prepare('DELETE FROM leases WHERE id = ?').run(lease.id);
      return gone;
    })();
    this.shrink();
    return dropped;
  }

  /** Makes the log's place free again, for a disk that is full. */
  foldLog(): void {
    unlessFull(() => this.database.pragma('wal_checkpoint(TRUNCATE)'));
  }

  close(): void {
    this.database.close();
  }

  private removeWhere(lease: HeldLease, condition: string): Dropped {
    // Counted first: `RETURNING` would bring a row for each of what may be many thousand.
    const { entries, bytes } = this.get<Dropped>(
      `SELECT count(*) AS entries, coalesce(sum(bytes), 0) AS bytes FROM entries
       WHERE lease_id = ? ${condition}`,
      lease.id,
    );
    this.database.prepare(`DELETE FROM entries WHERE lease_id = ? ${condition}`).run(lease.id);
    return { entries, bytes };
  }

  private shrink(): void {
    const free = Number(this.database.pragma('freelist_count', { simple: true }));
    if (free <= FREE_PAGES_KEPT) return;
    unlessFull(() => this.database.pragma(`incremental_vacuum(${PAGES_GIVEN_BACK})`));
  }

  private get<Row>(sql: string, ...values: unknown[]): Row {
    return this.database.prepare(sql).get(...values) as Row;
  }
}

const NAMELESS = { name: null, contentType: null, sha256: null };

/** Tidying that needs room itself is left for later. */
function unlessFull(tidy: () => void): void {
  try {
    tidy();
  } catch (error) {
    if (outboxErrorCode(error) !== 'SQLITE_FULL') throw error;
  }
}

function leaseOf(row: LeaseRow): HeldLease {
  return {
    id: row.id,
    taskId: row.task_id,
    leaseToken: row.lease_token,
    jobId: row.job_id,
    kind: row.kind,
    attempt: row.attempt,
    heartbeatSeconds: row.heartbeat_seconds,
    isResumable: row.is_resumable === 1,
  };
}

function entryOf({ seq, type, body, ...named }: EntryRow): OutboxEntry {
  if (type === 'rows') return { seq, type, body };
  if (type === 'artifact') {
    const { name, content_type: contentType, sha256 } = named;
    return { seq, type, body, name: `${name}`, contentType: `${contentType}`, sha256: `${sha256}` };
  }
  try {
    return { seq, type, ...(JSON.parse(body.toString()) as object) } as OutboxEntry;
  } catch {
    // One broken entry must not keep the agent from all its other work, at this start and at every one after it.
    return { seq, type: 'fail', request: UNREADABLE };
  }
}

const UNREADABLE = {
  code: 'agent.outbox_damaged',
  message: 'how the attempt ended cannot be read from the outbox any more',
  retryable: true,
};
