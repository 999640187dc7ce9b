import { isDeepStrictEqual } from 'node:util';
import { livingOf } from './leases';
import { Refusal, type KeyOfRequest, type Task, type World } from './world';

/** A request that was answered with nothing is remembered for so long, unless the engine starts anew (protocol.md). */
const SPENT_FOR_MS = 600_000;

/**
 * What a request with this key is answered because it was sent before: the tasks that it leased and that still live,
 * or nothing if there was nothing then. Null when it is the first of its key. It leases nothing, so it does not matter
 * whether its edge drains.
 */
export function repeated(world: World, request: KeyOfRequest): Task[] | null {
  const known = world.leaseRequests.find((made) => isSameKey(made, request));
  if (known !== undefined) {
    refuseOtherBody(known, request);
    const living = livingOf(world, known.id);
    if (living.length === 0) throw new Refusal('idempotency.ended');
    return living;
  }
  const spent = world.spentRequests.find((made) => isSameKey(made, request));
  if (spent === undefined || world.clock.elapsed - spent.at >= SPENT_FOR_MS) return null;
  refuseOtherBody(spent, request);
  return [];
}

/** Remembers what a request came to. */
export function remember(world: World, request: KeyOfRequest, id: string, count: number): void {
  const { edgeId, key, body } = request;
  if (count > 0) {
    world.leaseRequests.push({ id, edgeId, key, body });
    return;
  }
  world.spentRequests = world.spentRequests.filter((made) => !isSameKey(made, request));
  world.spentRequests.push({ edgeId, key, body, at: world.clock.elapsed });
}

function refuseOtherBody(made: KeyOfRequest, request: KeyOfRequest): void {
  if (!isDeepStrictEqual(made.body, request.body)) throw new Refusal('idempotency.conflict');
}

function isSameKey(a: KeyOfRequest, b: KeyOfRequest): boolean {
  return a.edgeId === b.edgeId && a.key === b.key;
}
