import { TOKEN_PREFIX, digestsAreEqual, invalidToken, tokenHashOf } from '@foreman/access';
import { type Queryable, type Tx, UnitOfWork } from '@foreman/database';
import { Clock, DomainError, IdSource, invalidField, sha256Hex } from '@foreman/kernel';
import { Injectable } from '@nestjs/common';
import { assertEdgeName, assertKinds, assertLabels } from './edge-description';
import { EdgeEntity, type Labels } from './edge.entity';
import { describeUnusedEdge, giveToken, insertEdge, liveEdgeByName } from './edge.store';
import { EdgesSettings } from './edges.options';
import { EnrolmentEntity } from './enrolment.entity';
import {
  bindEnrolment,
  enrolmentById,
  insertEnrolment,
  liveEnrolmentByHash,
} from './enrolment.store';

/** An enrolment's longest life: a forgotten token must not open the door for ever. */
const MAX_TTL_SECONDS = 30 * 24 * 3600;

export interface EnrolmentCommand {
  readonly name?: string;
  readonly kinds?: readonly string[];
  readonly labels?: Labels;
  readonly ttlSeconds?: number;
}

/** What a machine says of itself when it enrols. */
export interface EnrolCommand {
  readonly name: string;
  readonly kinds: readonly string[];
  readonly labels?: Labels;
  readonly agentVersion?: string;
  readonly platform?: string;
}

export interface NewEnrolment {
  readonly enrolment: EnrolmentEntity;
  readonly token: string;
}

export interface EnrolledEdge {
  readonly edgeId: string;
  /** The edge's bearer token, shown once. */
  readonly token: string;
}

/** How a machine becomes an edge: an administrator makes a one-time token, the machine uses it. */
@Injectable()
export class Enrolments {
  constructor(
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly settings: EdgesSettings,
  ) {}

  /** @throws `request.invalid`, `edge.name_taken` when the fixed name is a live edge's. */
  async create(tx: Tx, command: EnrolmentCommand): Promise<NewEnrolment> {
    const ttlSeconds = command.ttlSeconds ?? this.settings.enrolmentTtlSeconds;
    if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > MAX_TTL_SECONDS) {
      throw invalidField('ttlSeconds', `must be a whole number from 1 to ${MAX_TTL_SECONDS}`);
    }
    if (command.kinds !== undefined) assertKinds(command.kinds);
    if (command.labels !== undefined) assertLabels(command.labels);
    if (command.name !== undefined) {
      assertEdgeName(command.name);
      await assertNameIsFree(tx, command.name, null);
    }
    const now = this.clock.now();
    const token = this.ids.token(TOKEN_PREFIX.enrolment);
    const enrolment = Object.assign(new EnrolmentEntity(), {
      id: this.ids.uuid(),
      tokenHash: sha256Hex(token),
      name: command.name ?? null,
      kinds: command.kinds === undefined ? null : [...command.kinds],
      labels: command.labels ?? null,
      createdAt: now,
      expiresAt: now + ttlSeconds * 1000,
      edgeId: null,
    });
    await insertEnrolment(tx, enrolment);
    return { enrolment, token };
  }

  /** @throws `enrolment.not_found` */
  async get(db: Queryable, id: string): Promise<EnrolmentEntity> {
    const enrolment = await enrolmentById(db, id);
    if (enrolment === null) {
      throw new DomainError('enrolment.not_found', `There is no enrolment ${id}.`);
    }
    return enrolment;
  }

  /**
   * Makes an edge of the machine that has this token; what the enrolment fixes goes before what the
   * machine says. Repeated before any token of the edge was used (the answer was lost), it gives the same edge one
   * more, and its description is the latest one; the first token that is used ends the others.
   * @throws `auth.missing`, `auth.invalid` (unknown, expired or spent), `request.invalid`, `edge.name_taken`
   */
  async enrol(enrolmentToken: string | null, command: EnrolCommand): Promise<EnrolledEdge> {
    const enrolmentHash = tokenHashOf('enrolment', enrolmentToken);
    return this.work.run(async (tx) => {
      const now = this.clock.now();
      const enrolment = await liveEnrolmentByHash(tx, enrolmentHash, now);
      if (enrolment === null || !digestsAreEqual(enrolment.tokenHash, enrolmentHash)) {
        throw invalidToken();
      }
      const token = this.ids.token(TOKEN_PREFIX.edge);
      const edge = this.edgeFrom(enrolment, command, now);
      await assertNameIsFree(tx, edge.name, enrolment.edgeId);
      if (enrolment.edgeId === null) {
        await insertEdge(tx, edge);
        await bindEnrolment(tx, enrolment.id, edge.id);
      } else if (!(await describeUnusedEdge(tx, edge))) {
        throw new DomainError('auth.invalid', 'This enrolment token has been used.');
      }
      await giveToken(tx, edge.id, sha256Hex(token), false);
      return { edgeId: edge.id, token };
    });
  }

  private edgeFrom(enrolment: EnrolmentEntity, command: EnrolCommand, now: number): EdgeEntity {
    const name = enrolment.name ?? command.name;
    const kinds = enrolment.kinds ?? [...command.kinds];
    const labels = enrolment.labels ?? command.labels ?? {};
    assertEdgeName(name);
    assertKinds(kinds);
    assertLabels(labels);
    return Object.assign(new EdgeEntity(), {
      id: enrolment.edgeId ?? this.ids.uuid(),
      name,
      kinds,
      labels,
      tokenHash: null,
      desired: 'run',
      maxLeases: null,
      agentVersion: command.agentVersion ?? null,
      platform: command.platform ?? null,
      createdAt: now,
      lastSeenAt: null,
      revokedAt: null,
    });
  }
}

async function assertNameIsFree(tx: Tx, name: string, ownEdgeId: string | null): Promise<void> {
  const holder = await liveEdgeByName(tx, name);
  if (holder !== null && holder.id !== ownEdgeId) {
    throw new DomainError('edge.name_taken', `Another edge is named ${name}.`);
  }
}
