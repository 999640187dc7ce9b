import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SystemClock } from '@foreman/kernel';
import { childEnvironment } from '../../../apps/demo/config/child-environment';
import { type ChildProgram } from '../../../apps/demo/processes/child-program';
import { startEdge } from '../../../apps/demo/processes/edge-program';
import { GatewayAdmin } from '../../../apps/demo/processes/gateway-admin';
import { type GatewayClient, makeDataFolder } from '../harness';

/** Built agents as child processes, enrolled with one gateway. */
export class Edges {
  private readonly running: ChildProgram[] = [];
  private readonly folders: string[] = [];

  constructor(private readonly gateway: GatewayClient) {}

  /** Starts one that runs `concurrency` tasks at a time. */
  async start(name: string, concurrency = 2): Promise<ChildProgram> {
    const clock = new SystemClock();
    const { path } = await makeDataFolder();
    this.folders.push(path);
    const admin = new GatewayAdmin(this.gateway.baseUrl, this.gateway.adminToken, clock);
    const enrolmentToken = await admin.makeEnrolment(name);
    await admin.close();
    const place = {
      name,
      gatewayUrl: this.gateway.baseUrl,
      enrolmentToken,
      stateDirectory: join(path, 'state'),
      concurrency,
      environment: childEnvironment(process.env),
      clock,
    };
    return startEdge(place, (program) => this.running.push(program));
  }

  async stopAll(): Promise<void> {
    for (const program of this.running) program.kill();
    await Promise.all(this.running.map(({ ended }) => ended));
    await Promise.all(this.folders.map((path) => rm(path, { recursive: true, force: true })));
  }
}
