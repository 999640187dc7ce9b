import { seenIn } from '../comparison';
import * as time from '../world/time';
import type { Scene } from './scene';
import type { Step } from './step';

export type TimeStep = Extract<
  Step,
  { does: 'pass' | 'jump' | 'sweep' | 'pass to the next end' | 'restart' }
>;

export async function passTime(scene: Scene, step: TimeStep): Promise<void> {
  switch (step.does) {
    case 'pass':
      return pass(scene, step.ms);
    case 'jump':
      scene.engine.clock.jumpWall(step.ms);
      return time.jump(scene.world, step.ms);
    case 'sweep':
      return sweep(scene);
    case 'pass to the next end': {
      const at = time.nextEnd(scene.world);
      if (at === null) return undefined;
      pass(scene, Math.max(0, at - scene.world.clock.elapsed + step.besideMs));
      return sweep(scene);
    }
    case 'restart':
      return restart(scene, step.downMs, step.isKilled);
  }
}

function pass({ engine, world }: Scene, ms: number): void {
  engine.clock.advance(ms);
  time.pass(world, ms);
}

/** The engine goes first: where several tasks of a job end at once, the order is its own. */
async function sweep({ engine, world }: Scene): Promise<void> {
  await engine.sweep();
  time.sweep(world, seenIn(await engine.state()));
}

async function restart(scene: Scene, downMs: number, isKilled: boolean): Promise<void> {
  const { engine, world } = scene;
  pass(scene, downMs);
  await (isKilled ? engine.kill() : engine.restart());
  time.restart(world, seenIn(await engine.state()));
}
