import type { NestExpressApplication } from '@nestjs/platform-express';
import type { StandIns } from '../../../apps/gateway/app.module';
import { createGateway, startGateway } from '../../../apps/gateway/create-gateway';
import { GatewayClient } from './gateway-client';
import { makeDataFolder } from './data-folder';
import { type OptionOverrides, testOptions } from './test-options';

export interface InProcessGateway extends GatewayClient {
  readonly app: NestExpressApplication;
  readonly dataDir: string;
  /** Stops it; its data folder goes with it. */
  stop(): Promise<void>;
}

/**
 * The whole gateway in this process, on a free port of the loopback and a data folder of its own.
 * Schedules are off unless asked for: call a lib's `runOnce()` through `app.get(...)`.
 */
export async function startInProcess(
  overrides: OptionOverrides = {},
  standIns: StandIns = {},
): Promise<InProcessGateway> {
  const folder = await makeDataFolder();
  const options = await testOptions(folder.path, overrides);
  const app = await createGateway(options, { schedules: false, ...standIns });
  const baseUrl = await startGateway(app, options);
  return Object.assign(new GatewayClient(baseUrl, options.adminToken), {
    app,
    dataDir: folder.path,
    stop: async () => {
      await app.close();
      await folder.remove();
    },
  });
}
