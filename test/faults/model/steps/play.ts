import { compareState } from '../comparison';
import { RealEngine } from '../real/engine';
import { Divergence, type Edge, type World } from '../world/world';
import { changeJob, changeQueue, submitJob } from './job-steps';
import { lease, replay } from './lease-steps';
import { edgeAt, type Scene } from './scene';
import type { Step } from './step';
import { beatOfAll, callAboutTask, replaceEdge } from './task-steps';
import { passTime } from './time-steps';

export type OpenEngine = () => Promise<RealEngine>;

/**
 * Does the steps to a new engine and to a new world, and compares all that is there after each.
 * @param crowd how many groups of tasks stand beside, which no edge can run @throws Divergence
 */
export async function play(
  steps: readonly Step[],
  crowd: number,
  open: OpenEngine = () => RealEngine.open(),
): Promise<void> {
  const engine = await open();
  try {
    const scene: Scene = { engine, world: newWorld(engine), keyed: [] };
    for (const edge of scene.world.edges) await engine.addEdge(edge);
    await engine.addCrowd(crowd);
    for (const [index, step] of steps.entries()) await playOne(scene, step, index);
  } finally {
    await engine.close();
  }
}

async function playOne(scene: Scene, step: Step, index: number): Promise<void> {
  try {
    await perform(scene, step);
    compareState(scene.world, await scene.engine.state());
  } catch (error) {
    if (!(error instanceof Divergence)) throw error;
    throw new Divergence(`Step ${index}, ${JSON.stringify(step)}:\n${error.message}`);
  }
}

function perform(scene: Scene, step: Step): Promise<void> {
  switch (step.does) {
    case 'submit':
      return submitJob(scene, step.job);
    case 'lease':
      return lease(scene, edgeAt(scene, step.edge), step);
    case 'replay':
      return replay(scene, step.place, step.otherMax);
    case 'cancel':
    case 'retry':
      return changeJob(scene, step.does, step.place);
    case 'pause':
    case 'resume':
      return changeQueue(scene, step.does, step.queue);
    case 'heartbeat of all':
      return beatOfAll(scene, edgeAt(scene, step.edge), step.targets);
    case 'revoke':
      return replaceEdge(scene, edgeAt(scene, step.edge));
    case 'relabel':
      edgeAt(scene, step.edge).labels = step.labels;
      return scene.engine.changeEdge(edgeAt(scene, step.edge));
    case 'drain':
      edgeAt(scene, step.edge).isDraining = step.isDraining;
      return scene.engine.changeEdge(edgeAt(scene, step.edge));
    case 'pass':
    case 'jump':
    case 'sweep':
    case 'pass to the next end':
    case 'restart':
      return passTime(scene, step);
    default:
      return callAboutTask(scene, step);
  }
}

function newWorld(engine: RealEngine): World {
  const wall = engine.clock.now();
  const edge = (abilities: Pick<Edge, 'kinds' | 'labels' | 'maxLeases'>): Edge => ({
    id: engine.newEdgeId(),
    isDraining: false,
    ...abilities,
  });
  return {
    jobs: [],
    tasks: [],
    edges: [
      edge({ kinds: ['alpha', 'beta'], labels: { gpu: 'true' }, maxLeases: null }),
      edge({ kinds: ['alpha'], labels: { gpu: 'none', zone: 'a' }, maxLeases: 2 }),
      edge({ kinds: ['beta', 'alpha'], labels: {}, maxLeases: 3 }),
    ],
    pausedQueues: new Set(),
    leaseRequests: [],
    spentRequests: [],
    grants: [],
    clock: { elapsed: 0, wallOffset: wall, engineOffset: wall },
  };
}
