import { Check, Entity, PrimaryColumn } from 'typeorm';
import { IntegerColumn } from '@foreman/database';

/** How many inputs are stored, and the bytes that they take. One row; none while there are none. */
@Entity('input_totals')
@Check(`id = 1`)
export class InputTotalEntity {
  @PrimaryColumn({ type: 'integer' }) id!: number;
  @IntegerColumn() inputs!: number;
  /** The same bytes of several inputs are kept, and counted, once. */
  @IntegerColumn() bytes!: number;
}
