import { fail, heartbeat, heartbeatOfAll, postRows, release, revoke } from '../world/task-calls';
import type { Edge, Grant } from '../world/world';
import { completeAndNext } from './lease-steps';
import { agree, callOf, grantOf, same, type Scene } from './scene';
import type { Step, Target } from './step';

export type TaskStep = Step & { readonly target: Target };

/** A call about one task, under a lease that may be long over. */
export async function callAboutTask(scene: Scene, step: TaskStep): Promise<void> {
  const { engine, world } = scene;
  const grant = grantOf(scene, step.target);
  if (grant === null) return;
  const call = callOf(grant);
  switch (step.does) {
    case 'heartbeat':
      return agree(
        () => engine.heartbeat(call, step.beat),
        () => heartbeat(world, grant, step.beat),
      );
    case 'rows': {
      const configs = step.configs.map((config) => `config-${config}`);
      return agree(
        () => engine.postRows(call, configs),
        () => postRows(world, grant, configs),
      );
    }
    case 'complete':
      return completeAndNext(scene, step, grant);
    case 'fail':
      return agree(
        () => engine.fail(call, step.failure),
        () => fail(world, grant, step.failure),
      );
    case 'release':
      return agree(
        () => engine.release(call),
        () => release(world, grant),
      );
  }
}

/** One call of an edge about several tasks, some of which it may not hold. */
export async function beatOfAll(
  scene: Scene,
  edge: Edge,
  targets: readonly Target[],
): Promise<void> {
  const grants = targets
    .map((target) => grantOf(scene, target))
    .filter((grant): grant is Grant => grant !== null)
    .map((grant) => ({ ...grant, edgeId: edge.id }));
  await agree(
    () => scene.engine.heartbeatOfAll(edge.id, grants.map(callOf)),
    () => heartbeatOfAll(scene.world, grants),
  );
}

/** The edge is gone for good; a new one with the same abilities comes in its place. */
export async function replaceEdge({ engine, world }: Scene, edge: Edge): Promise<void> {
  same(await engine.revoke(edge.id), revoke(world, edge));
  edge.id = engine.newEdgeId();
  edge.isDraining = false;
  await engine.addEdge(edge);
}
