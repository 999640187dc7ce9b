import { SecretRotation } from '@foreman/webhooks';
import {
  type BeforeApplicationShutdown,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { SoloRuns } from './solo-runs';

/** Once after each start, since keys change with a start only: nobody waits for it. */
@Injectable()
export class SecretRotationSchedule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly runs: SoloRuns;

  constructor(rotation: SecretRotation) {
    this.runs = new SoloRuns('SecretRotation', () => rotation.runOnce());
  }

  onApplicationBootstrap(): void {
    void this.runs.tick();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.runs.stop();
  }
}
