import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayProcess, makeDataFolder } from './harness';
import { fencedBlocks, sectionOf } from './readme/markdown';
import { runBlocks } from './readme/run-blocks';

const ROOT = join(__dirname, '../..');

describe('docs/operations.md, as it stands there', () => {
  let folder: Awaited<ReturnType<typeof makeDataFolder>>;
  let operations: string;
  let gateway: GatewayProcess;

  const run = async (section: string) => {
    const blocks = fencedBlocks(sectionOf(operations, section), 'sh');
    const { code, errors, outputs } = await runBlocks(blocks, {
      folder: folder.path,
      environment: {},
    });
    expect([code, errors, outputs.length]).toEqual([0, '', blocks.length]);
    return outputs;
  };
  const submit = async (metadata: object) => {
    const body = { kind: 'any', metadata };
    const answer = await gateway.call('POST', '/jobs', { token: gateway.adminToken, body });
    expect(answer.status).toBe(201);
    return String(answer.body['id']);
  };

  beforeAll(async () => {
    folder = await makeDataFolder();
    operations = await readFile(join(ROOT, 'docs/operations.md'), 'utf8');
    await symlink(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
    gateway = await GatewayProcess.start(join(folder.path, 'data'));
  }, 60_000);
  afterAll(async () => {
    await gateway.terminate();
    await folder.remove();
  });

  it('backs a running gateway up, and a gateway starts on what is restored', async () => {
    const before = await submit({ at: 'before the backup' });
    const [, check = ''] = await run('Backup');
    expect(check.trim()).toBe('ok');
    const after = await submit({ at: 'after the backup' });
    expect((await gateway.terminate()).code).toBe(0);

    await run('Restore');
    const { adminToken } = gateway;
    gateway = await GatewayProcess.start(join(folder.path, 'data'));
    expect(gateway.adminToken).toBe(adminToken);
    const kept = await gateway.asAdmin('GET', `/jobs/${before}`);
    expect(kept.body).toMatchObject({ metadata: { at: 'before the backup' } });
    expect((await gateway.asAdmin('GET', `/jobs/${after}`)).status).toBe(404);
  }, 60_000);
});
