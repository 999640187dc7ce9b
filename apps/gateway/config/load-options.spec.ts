import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadOptions } from './load-options';
import { SettingsError } from './settings';

describe('loading the options', () => {
  let root: string;
  let dataDir: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'foreman-options-'));
    dataDir = join(root, 'deep', 'data');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const load = (environment: Record<string, string> = {}) =>
    loadOptions({ FOREMAN_DATA_DIR: dataDir, ...environment });
  const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

  it('makes the data folder and the keys, for the owner only', async () => {
    const { options, madeFiles } = await load();
    expect(madeFiles).toEqual([join(dataDir, 'admin-token'), join(dataDir, 'secret-key')]);
    expect(await modeOf(dataDir)).toBe('700');
    for (const path of madeFiles) expect(await modeOf(path)).toBe('600');
    expect(options.adminToken).toMatch(/^fmk_[\w-]{43}$/);
    expect(options.secretKey).toHaveLength(32);
    expect(options.databaseFile).toBe(join(dataDir, 'foreman.db'));
    expect(Object.isFrozen(options)).toBe(true);
  });

  it('finds the same keys at the next start', async () => {
    const first = await load();
    const second = await load();
    expect(second.madeFiles).toEqual([]);
    expect(second.options).toEqual(first.options);
  });

  it('gives the same keys to all that start at once, and leaves nothing else behind', async () => {
    const loaded = await Promise.all(Array.from({ length: 8 }, () => load()));
    expect(new Set(loaded.map(({ options }) => options.adminToken)).size).toBe(1);
    expect(loaded.flatMap(({ madeFiles }) => madeFiles)).toHaveLength(2);
    expect((await readdir(dataDir)).sort()).toEqual(['admin-token', 'secret-key']);
  });

  it('makes no file for what the environment gives', async () => {
    const adminToken = `fmk_${'a'.repeat(43)}`;
    const secretKey = Buffer.alloc(32, 1).toString('base64');
    const { options, madeFiles } = await load({
      FOREMAN_ADMIN_TOKEN: adminToken,
      FOREMAN_SECRET_KEY: secretKey,
    });
    expect([options.adminToken, options.secretKey.toString('base64')]).toEqual([
      adminToken,
      secretKey,
    ]);
    expect([madeFiles, await readdir(dataDir)]).toEqual([[], []]);
  });

  it('names a key file that holds no key', async () => {
    await load();
    const path = join(dataDir, 'secret-key');
    await chmod(path, 0o600);
    await writeFile(path, '');
    await expect(load()).rejects.toThrow(SettingsError);
    await expect(load()).rejects.toThrow(path);
    expect(await readFile(path, 'utf8')).toBe('');
  });

  it('names a data folder that cannot be made', async () => {
    await writeFile(join(root, 'deep'), 'a file');
    await expect(load()).rejects.toThrow('FOREMAN_DATA_DIR cannot be made');
  });
});
