import { EpochMsColumn, FlagColumn, IdColumn, IntegerColumn, TextColumn } from '@foreman/database';
import type { SignedRelease } from '@foreman/kernel';
import { Check, Entity, Index } from 'typeorm';

/** The metadata of a signed upgrade package; see `ReleaseManifest` for what is signed of it. */
@Entity('releases')
@Index('releases_name', ['channel', 'platform', 'version'], { unique: true })
@Index('releases_newest', ['createdAt', 'id'])
@Check('size >= 1')
export class ReleaseEntity {
  @IdColumn()
  id!: string;

  @TextColumn()
  version!: string;

  @TextColumn()
  channel!: string;

  @TextColumn()
  platform!: string;

  @TextColumn()
  url!: string;

  /** Bytes of the package. */
  @IntegerColumn()
  size!: number;

  /** Of the package, lower-case hex. */
  @TextColumn()
  sha256!: string;

  /** Ed25519, base64. */
  @TextColumn()
  signature!: string;

  /** Which key had signed it, as `releaseKeyId` names it. */
  @TextColumn()
  keyId!: string;

  /** For people; not signed. */
  @TextColumn({ nullable: true })
  notes!: string | null;

  /** Offered to no edge until it is resumed. */
  @FlagColumn()
  isHalted!: boolean;

  @EpochMsColumn()
  createdAt!: number;
}

/** What an edge is given of it. */
export function signedReleaseOf(release: ReleaseEntity): SignedRelease {
  const { version, channel, platform, url, size, sha256, signature } = release;
  return { version, channel, platform, url, size, sha256, signature };
}
