import type { GatewayOptions } from '../../../apps/gateway/config/gateway-options';
import { loadOptions } from '../../../apps/gateway/config/load-options';

export type OptionOverrides = Partial<GatewayOptions>;

/** What the gateway itself would load for this folder, on any free port, silent. */
export async function testOptions(
  dataDir: string,
  overrides: OptionOverrides = {},
): Promise<GatewayOptions> {
  const { options } = await loadOptions({
    FOREMAN_DATA_DIR: dataDir,
    PORT: '0',
    FOREMAN_LOG_LEVEL: 'silent',
    FOREMAN_DISK_RESERVE_BYTES: '0',
  });
  return { ...options, ...overrides };
}
