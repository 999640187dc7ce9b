import type { Queryable, Tx } from '@foreman/database';
import { EnrolmentEntity } from './enrolment.entity';

/** The SQL of `enrolments`. */

export async function insertEnrolment(tx: Tx, enrolment: EnrolmentEntity): Promise<void> {
  await tx.insert('enrolments', {
    id: enrolment.id,
    token_hash: enrolment.tokenHash,
    name: enrolment.name,
    kinds: enrolment.kinds === null ? null : JSON.stringify(enrolment.kinds),
    labels: enrolment.labels === null ? null : JSON.stringify(enrolment.labels),
    created_at: enrolment.createdAt,
    expires_at: enrolment.expiresAt,
    edge_id: null,
  });
}

export async function enrolmentById(db: Queryable, id: string): Promise<EnrolmentEntity | null> {
  const [enrolment] = await db.entities(EnrolmentEntity, `SELECT * FROM enrolments WHERE id = ?`, [
    id,
  ]);
  return enrolment ?? null;
}

export async function liveEnrolmentByHash(
  db: Queryable,
  tokenHash: string,
  now: number,
): Promise<EnrolmentEntity | null> {
  const [enrolment] = await db.entities(
    EnrolmentEntity,
    `SELECT * FROM enrolments WHERE token_hash = ? AND expires_at > ?`,
    [tokenHash, now],
  );
  return enrolment ?? null;
}

/** Ties an enrolment to the edge that it made; once only. */
export async function bindEnrolment(tx: Tx, id: string, edgeId: string): Promise<void> {
  await tx.execute(`UPDATE enrolments SET edge_id = ? WHERE id = ? AND edge_id IS NULL`, [
    edgeId,
    id,
  ]);
}
