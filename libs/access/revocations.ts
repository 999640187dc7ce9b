import type { Tx } from '@foreman/database';
import { Injectable } from '@nestjs/common';

/** Announces, in the turn of their commits, whose tokens have ended: what they let in before is to end too. */
@Injectable()
export class Revocations {
  private readonly listeners: ((ownerId: string) => void)[] = [];

  /** `listener` gets the id of an API key, or of an edge; it must not throw and not wait. */
  listen(listener: (ownerId: string) => void): void {
    this.listeners.push(listener);
  }

  /** From the commit of `tx` on, what was a good token of this owner until now is none. */
  announce(tx: Tx, ownerId: string): void {
    tx.afterCommit(() => {
      for (const listener of this.listeners) listener(ownerId);
    });
  }
}
