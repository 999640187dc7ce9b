import { Injectable, Logger } from '@nestjs/common';
import { BadOnesApart, ReadConnection, UnitOfWork, type SqlValue } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { sealedColumn, sealedListOf } from './sealed-list';
import { SecretBox, UnreadableSecretError } from './secret-box';
import { WebhooksSettings } from '../webhooks.options';

/** Secrets that one page looks at, and one bulk unit may write. */
const PAGE = 200;
/** The columns of an endpoint that hold sealed secrets. */
const COLUMNS = ['secret_sealed', 'previous_secret_sealed'] as const;

type SealedRow = { readonly id: string } & Readonly<
  Record<(typeof COLUMNS)[number], string | null>
>;

/** What one run has done. */
export interface RotationCounts {
  /** Secrets that the present key seals now. */
  readonly resealed: number;
  /** Secrets that none of the keys opens; their deliveries fail until the right key is back. */
  readonly unreadable: number;
}

/** After the secret key was replaced: seals what a previous key sealed with the present one, so that the previous one can be dropped. */
@Injectable()
export class SecretRotation {
  private readonly apart: BadOnesApart;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly box: SecretBox,
    private readonly settings: WebhooksSettings,
    clock: Clock,
  ) {
    this.apart = new BadOnesApart(new Logger(SecretRotation.name), clock);
  }

  /**
   * Looks at every endpoint in pages, in the bulk lane; may be cut off and run again. Without previous keys there is
   * nothing to do, and nothing is read.
   */
  async runOnce(): Promise<RotationCounts> {
    const counts = { resealed: 0, unreadable: 0 };
    if (!this.settings.keyRing.hasPrevious) return counts;
    let after = '';
    for (;;) {
      const rows = await this.reads.query<SealedRow>(NEXT_PAGE, [after, PAGE]);
      const last = rows.at(-1);
      if (last === undefined) return counts;
      after = last.id;
      const updates = rows.flatMap((row) => this.updatesOf(row, counts));
      const { results } = await this.apart.each(
        updates,
        ({ id }) => id,
        (some) => this.write(some),
      );
      for (const resealed of results) counts.resealed += resealed;
    }
  }

  private updatesOf(row: SealedRow, counts: { unreadable: number }): Reseal[] {
    return COLUMNS.flatMap((column) => {
      const sealed = sealedListOf(row[column]);
      const anew = sealed.map((each) => this.sealedAnew(each, row.id, counts));
      const secrets = anew.filter((each, index) => each !== sealed[index]).length;
      if (secrets === 0) return [];
      const params = [sealedColumn(anew), row.id, row[column]];
      return [{ id: row.id, sql: RESEAL[column], params, secrets }];
    });
  }

  /** The same where there is nothing to do, or nothing that can be done. */
  private sealedAnew(sealed: string, owner: string, counts: { unreadable: number }): string {
    try {
      if (this.box.isOfPresentKey(sealed, owner)) return sealed;
      return this.box.seal(this.box.open(sealed, owner), owner);
    } catch (error) {
      if (!(error instanceof UnreadableSecretError)) throw error;
      counts.unreadable += 1;
      return sealed;
    }
  }

  /** A secret that was replaced meanwhile is left as it is: the present key sealed the new one. */
  private write(updates: readonly Reseal[]): Promise<number> {
    return this.unitOfWork.run(async (tx) => {
      let changed = 0;
      for (const { sql, params, secrets } of updates) {
        changed += secrets * (await tx.execute(sql, params));
      }
      return changed;
    }, 'bulk');
  }
}

interface Reseal {
  /** The endpoint's. */
  readonly id: string;
  readonly sql: string;
  readonly params: readonly SqlValue[];
  /** How many it seals anew. */
  readonly secrets: number;
}

const NEXT_PAGE = `
  SELECT id, secret_sealed, previous_secret_sealed FROM webhook_endpoints
  WHERE id > ? ORDER BY id LIMIT ?`;

const RESEAL = {
  secret_sealed: `UPDATE webhook_endpoints SET secret_sealed = ? WHERE id = ? AND secret_sealed = ?`,
  previous_secret_sealed: `
    UPDATE webhook_endpoints SET previous_secret_sealed = ? WHERE id = ? AND previous_secret_sealed = ?`,
};
