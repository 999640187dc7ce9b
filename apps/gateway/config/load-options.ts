import { join, resolve } from 'node:path';
import { TOKEN_PREFIX } from '@foreman/access';
import { type IdSource, RandomIds } from '@foreman/kernel';
import type { GatewayOptions } from './gateway-options';
import { makeDataFolder, readOrMakeKeyFile } from './key-file';
import { SettingRefused, adminToken, secretKey } from './setting-parsers';
import { type Environment, SettingsError, readSettings } from './settings';

export interface LoadedOptions {
  readonly options: GatewayOptions;
  /** Files of secrets that were made just now, for the log. */
  readonly madeFiles: readonly string[];
}

/**
 * Environment to frozen options: makes the data folder, and on first start the admin token and the
 * secret key. @throws SettingsError
 */
export async function loadOptions(
  environment: Environment,
  ids: IdSource = new RandomIds(),
): Promise<LoadedOptions> {
  const settings = readSettings(environment);
  await makeDataFolder(settings.dataDir).catch((error: unknown) => {
    throw new SettingsError([`FOREMAN_DATA_DIR cannot be made: ${String(error)}`]);
  });
  const madeFiles: string[] = [];
  const keyFrom = async <T>(name: string, make: () => string, parse: (text: string) => T) => {
    const path = join(settings.dataDir, name);
    const file = await readOrMakeKeyFile(path, ids, make);
    if (file.isNew) madeFiles.push(path);
    return parseKeyFile(path, file.text, parse);
  };
  const options: GatewayOptions = {
    ...settings,
    databaseFile:
      settings.databaseFile === null
        ? join(settings.dataDir, 'foreman.db')
        : resolve(settings.databaseFile),
    adminToken:
      settings.adminToken ??
      (await keyFrom('admin-token', () => ids.token(TOKEN_PREFIX.apiKey), adminToken)),
    secretKey:
      settings.secretKey ??
      (await keyFrom('secret-key', () => ids.bytes(32).toString('base64'), secretKey)),
  };
  return { options: Object.freeze(options), madeFiles };
}

/** The same from this process's environment: the one place that reads it. */
export function loadProcessOptions(): Promise<LoadedOptions> {
  return loadOptions(process.env);
}

function parseKeyFile<T>(path: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof SettingRefused) throw new SettingsError([`${path} ${error.message}`]);
    throw error;
  }
}
