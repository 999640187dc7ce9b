import type { InputEntity } from './input.entity';

/** What is known of an input without its bytes. */
export interface InputRecord {
  readonly id: string;
  readonly contentType: string;
  /** Stored bytes; before they have come, what was announced of them, or null. */
  readonly size: number | null;
  /** Lower-case hex; the same. */
  readonly sha256: string | null;
  /** Whether a job holds it, whatever its time. */
  readonly isHeld: boolean;
  /** Epoch ms. */
  readonly createdAt: number;
  /** Epoch ms; null while it has no bytes. */
  readonly storedAt: number | null;
  /** When it goes, unless a job holds it then; epoch ms. */
  readonly expiresAt: number;
}

export function inputRecord(entity: InputEntity): InputRecord {
  return {
    id: entity.id,
    contentType: entity.contentType,
    size: entity.size ?? entity.announcedSize,
    sha256: entity.sha256 ?? entity.announcedSha256,
    isHeld: entity.holds > 0,
    createdAt: entity.createdAt,
    storedAt: entity.storedAt,
    expiresAt: entity.expiresAt,
  };
}
