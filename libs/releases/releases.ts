import type { Queryable, Tx } from '@foreman/database';
import {
  Clock,
  DomainError,
  type FieldError,
  IdSource,
  type Page,
  type PageRequest,
  type SignedRelease,
  invalidField,
  manifestFindings,
  pageOf,
  releaseKeyId,
  signerOf,
} from '@foreman/kernel';
import { Injectable } from '@nestjs/common';
import { CurrentReleases } from './current-releases';
import { ReleaseEntity } from './release.entity';
import {
  insertRelease,
  releaseById,
  releaseByName,
  releasesAfter,
  replaceSignature,
  setHalted,
} from './release.store';
import { ReleasesSettings } from './releases.options';

const MAX_NOTES_BYTES = 4096;

export interface ReleaseCommand extends SignedRelease {
  /** For people, at most 4 KiB; not signed. */
  readonly notes?: string;
}

export interface PublishedRelease {
  readonly release: ReleaseEntity;
  /** False: this very package had been published before. */
  readonly isNew: boolean;
}

/** Releases: published, listed, halted and resumed. Whatever changes is offered, or no longer, at once. */
@Injectable()
export class Releases {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly current: CurrentReleases,
    private readonly settings: ReleasesSettings,
  ) {}

  /**
   * Publishes a signed manifest. Repeated it finds the same release; signed anew (by a newer key), the
   * release keeps its id and its halt, and gets the new signature.
   * @throws `request.invalid` for a manifest that is not one, and for another package under a version that
   * is published; `release.signature_invalid`.
   */
  async publish(tx: Tx, command: ReleaseCommand): Promise<PublishedRelease> {
    const findings = [...manifestFindings(command), ...publicationFindings(command)];
    if (findings[0] !== undefined) {
      const { path, message } = findings[0];
      throw new DomainError('request.invalid', `${path} ${message}`, { errors: findings });
    }
    const signer = signerOf(command, this.settings.publicKeys);
    if (signer === null) throw this.signatureInvalid();
    tx.afterCommit(() => this.current.forget());
    const keyId = releaseKeyId(signer);
    const known = await releaseByName(tx, command);
    if (known === null) return { release: await this.insert(tx, command, keyId), isNew: true };
    if (!isSamePackage(known, command)) {
      throw invalidField(
        'version',
        `${command.version} is published for this channel and platform with another package; take the next version`,
      );
    }
    const { signature, notes = null } = command;
    await replaceSignature(tx, { id: known.id, signature, keyId, notes });
    return { release: await this.get(tx, known.id), isNew: false };
  }

  /** Newest first, halted ones included. @throws `request.invalid` for a foreign cursor. */
  async list(db: Queryable, page: PageRequest): Promise<Page<ReleaseEntity>> {
    return pageOf(await releasesAfter(db, page), page.limit, ({ createdAt, id }) => [
      createdAt,
      id,
    ]);
  }

  /** @throws `release.not_found` */
  async get(db: Queryable, id: string): Promise<ReleaseEntity> {
    const release = await releaseById(db, id);
    if (release === null) throw notFound(id);
    return release;
  }

  /** Offers it to no edge from the commit on; the next lower version is then current. @throws `release.not_found` */
  halt(tx: Tx, id: string): Promise<ReleaseEntity> {
    return this.setHalted(tx, id, true);
  }

  /** Offers it again. @throws `release.not_found` */
  resume(tx: Tx, id: string): Promise<ReleaseEntity> {
    return this.setHalted(tx, id, false);
  }

  private async setHalted(tx: Tx, id: string, isHalted: boolean): Promise<ReleaseEntity> {
    if ((await setHalted(tx, id, isHalted)) === 0) throw notFound(id);
    tx.afterCommit(() => this.current.forget());
    return this.get(tx, id);
  }

  private async insert(tx: Tx, command: ReleaseCommand, keyId: string): Promise<ReleaseEntity> {
    const { version, channel, platform, url, size, sha256, signature, notes = null } = command;
    const release = Object.assign(new ReleaseEntity(), {
      id: this.ids.uuid(),
      version,
      channel,
      platform,
      url,
      size,
      sha256,
      signature,
      keyId,
      notes,
      isHalted: false,
      createdAt: this.clock.now(),
    });
    await insertRelease(tx, release);
    return release;
  }

  private signatureInvalid(): DomainError {
    const { length } = this.settings.publicKeys;
    return new DomainError(
      'release.signature_invalid',
      length === 0
        ? 'No public key is set that a release could be signed with (FOREMAN_RELEASE_PUBLIC_KEYS).'
        : `The signature is by none of the ${length} keys of FOREMAN_RELEASE_PUBLIC_KEYS, or not of this manifest.`,
    );
  }
}

/** What a publisher must keep to beyond what edges check. */
function publicationFindings({ url, notes = '' }: ReleaseCommand): FieldError[] {
  const findings: FieldError[] = [];
  if (url.startsWith('http:')) findings.push({ path: 'url', message: 'must be https' });
  if (Buffer.byteLength(notes, 'utf8') > MAX_NOTES_BYTES) {
    findings.push({ path: 'notes', message: `must be at most ${MAX_NOTES_BYTES} bytes of UTF-8` });
  }
  return findings;
}

function isSamePackage(known: ReleaseEntity, { url, size, sha256 }: ReleaseCommand): boolean {
  return known.url === url && known.size === size && known.sha256 === sha256;
}

function notFound(id: string): DomainError {
  return new DomainError('release.not_found', `There is no release ${id}.`);
}
