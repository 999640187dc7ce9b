import { FlagColumn, TextColumn } from '@foreman/database';
import { Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/**
 * A token that was given to an edge, at its enrolment or by a rotation, and has not been used: its answer was perhaps
 * lost. The first one that is used becomes the edge's, and the others go, but for those of a later rotation.
 */
@Entity('unused_edge_tokens')
@Index('unused_edge_tokens_of_edge', ['edgeId', 'id'])
export class UnusedEdgeTokenEntity {
  /** Rises with each that is given. */
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @TextColumn()
  edgeId!: string;

  @TextColumn()
  tokenHash!: string;

  /** An administrator replaced the edge's token by it: the first use of an older one does not end it. */
  @FlagColumn()
  isRotated!: boolean;
}
