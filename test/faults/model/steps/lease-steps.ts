import { grantedOf, livingOf, takeGranted, type Granted } from '../world/leases';
import { remember, repeated } from '../world/repeats';
import { complete } from '../world/task-calls';
import type { Edge, Grant, LeaseBody } from '../world/world';
import { callOf, outcomeOf, picked, same, type KeyedRequest, type Scene } from './scene';
import type { Step } from './step';

/** Asks for tasks, with a key of its own or none; with one perhaps twice at the same time. */
export async function lease(
  scene: Scene,
  edge: Edge,
  { body, hasKey, isTwice }: Step & { does: 'lease' },
): Promise<void> {
  const key = hasKey ? `key-${scene.keyed.length}` : null;
  if (key !== null) scene.keyed.push({ edge, edgeId: edge.id, key, body });
  await ask(scene, edge, body, key, isTwice && hasKey);
}

/** Sends an earlier request again, however long ago it was, or another one under its key. */
export async function replay(scene: Scene, place: number, otherMax: number | null): Promise<void> {
  const request = picked(scene.keyed.filter(isOfLivingEdge), place);
  if (request === null) return;
  const { edge, body, key } = request;
  await ask(scene, edge, otherMax === null ? body : { ...body, max: otherMax }, key);
}

/** Completes a task, and perhaps leases the next one. A repeat gets the next one again, and never another. */
export async function completeAndNext(
  scene: Scene,
  step: Step & { does: 'complete' },
  grant: Grant,
): Promise<void> {
  const { world, engine } = scene;
  const { wantsNext, counts } = step;
  const edge = world.edges.find(({ id }) => id === grant.edgeId) ?? ghost(grant.edgeId);
  const count = grant.task.rows.size + (counts === 'wrong' ? 1 : 0);
  const resultCount = counts === null ? null : count;
  const real = await outcomeOf(() => engine.complete(edge, callOf(grant), resultCount, wantsNext));
  const expected = await outcomeOf(() => complete(world, grant, resultCount));
  if (!('answer' in real && 'answer' in expected)) return same(real, expected);
  const { jobStatus, isRepeat } = expected.answer;
  const { next } = real.answer;
  same(real.answer.jobStatus, jobStatus);
  const request = `complete:${grant.token}`;
  if (isRepeat) {
    const living = wantsNext ? livingOf(world, request) : [];
    same(
      asList(next),
      living.map((task) => grantedOf(world, task, false)),
    );
  } else if (wantsNext && !edge.isDraining) {
    takeGranted(world, edge, NEXT, request, asList(next));
  } else {
    same(next, null);
  }
}

const NEXT: LeaseBody = { kinds: null, max: 1, isResuming: false };

async function ask(
  scene: Scene,
  edge: Edge,
  body: LeaseBody,
  key: string | null,
  isTwice = false,
): Promise<void> {
  const { world, engine } = scene;
  const request = key === null ? null : { edgeId: edge.id, key, body };
  const calls = Array.from({ length: isTwice ? 2 : 1 }, () =>
    outcomeOf(() => engine.lease(edge, body, key)),
  );
  const [real, copy] = await Promise.all(calls);
  if (real === undefined) throw new Error('A call has an outcome');
  if (copy !== undefined) same(copy, real);
  const expected = await outcomeOf(() => request && repeated(world, request));
  if (!('answer' in real && 'answer' in expected)) return same(real, expected);
  const granted = real.answer;
  if (expected.answer !== null) {
    const again = expected.answer.map((task) => grantedOf(world, task, body.isResuming));
    return same(byTask(granted), byTask(again));
  }
  const id = key === null ? null : `${edge.id}/${key}`;
  if (edge.isDraining) same(granted, []);
  else takeGranted(world, edge, body, id, granted);
  if (request !== null && id !== null) remember(world, request, id, granted.length);
}

function isOfLivingEdge({ edge, edgeId }: KeyedRequest): boolean {
  return edge.id === edgeId;
}

function asList(granted: Granted | null): Granted[] {
  return granted === null ? [] : [granted];
}

function byTask(granted: readonly Granted[]): Granted[] {
  return granted.toSorted((a, b) => (a.taskId < b.taskId ? -1 : 1));
}

/** An edge that was revoked: it gets nothing more, whatever it sends. */
function ghost(id: string): Edge {
  return { id, kinds: [], labels: {}, maxLeases: null, isDraining: true };
}
