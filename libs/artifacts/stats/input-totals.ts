import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';

/** Keeps the figures of stored inputs, each change in the transaction of what it counts, as `ArtifactTotals` does. */
@Injectable()
export class InputTotals {
  /** One input more; `newBytes` are those that were not stored before. */
  async added(tx: Tx, newBytes: number): Promise<void> {
    await tx.execute(CHANGE, [1, newBytes]);
  }

  /** One input fewer; `freedBytes` are those that no other has. */
  async removed(tx: Tx, freedBytes: number): Promise<void> {
    await tx.execute(CHANGE, [-1, -freedBytes]);
  }

  /** Nothing of inputs is left behind when the last of them has gone. */
  async dropEmpty(tx: Tx): Promise<void> {
    await tx.execute('DELETE FROM input_totals WHERE inputs = 0 AND bytes = 0');
  }
}

const CHANGE = `
  INSERT INTO input_totals (id, inputs, bytes) VALUES (1, ?, ?)
  ON CONFLICT (id) DO UPDATE SET inputs = input_totals.inputs + excluded.inputs,
    bytes = input_totals.bytes + excluded.bytes`;
