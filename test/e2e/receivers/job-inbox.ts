import type { VerifiedWebhook } from '@foreman/client';
import Database from 'better-sqlite3';

/** What has become of each job. */
export class JobInbox {
  private readonly db: Database.Database;

  constructor(file: string) {
    this.db = new Database(file);
    this.db.exec(`
      CREATE TABLE IF NOT EXISTS seen (webhook_id TEXT PRIMARY KEY);
      CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, seq INTEGER, status TEXT)`);
  }

  /** Durable when it returns, so that only then 2xx is answered. */
  take(webhook: VerifiedWebhook): void {
    this.db.transaction(() => this.takeOnce(webhook))();
  }

  close(): void {
    this.db.close();
  }

  private takeOnce({ id, event }: VerifiedWebhook): void {
    const see = this.db.prepare('INSERT INTO seen VALUES (?) ON CONFLICT DO NOTHING');
    // It has come before: whatever else is to be done once belongs below this line, in this transaction.
    if (see.run(id).changes === 0) return;
    // A test event, or one that only later gateways know.
    if (!('job' in event.data)) return;
    // An older event that comes late changes nothing.
    const keep = this.db.prepare(`
      INSERT INTO jobs VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE
      SET seq = excluded.seq, status = excluded.status WHERE excluded.seq > jobs.seq`);
    const { job } = event.data;
    keep.run(job.id, job.seq, job.status);
  }
}
