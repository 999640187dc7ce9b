import { readFileSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleaseSigner } from '@foreman/testing';
import { type DataFolder, type InProcessGateway, makeDataFolder, startInProcess } from './harness';
import { fencedBlocks, sectionOf } from './readme/markdown';
import { runBlocks } from './readme/run-blocks';

const DOCS = join(__dirname, '../../docs');
const OPERATIONS = readFileSync(join(DOCS, 'operations.md'), 'utf8');
const PROTOCOL = readFileSync(join(DOCS, 'protocol.md'), 'utf8');

/** RFC 8032, 7.1, test 1. */
const SEED = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';

describe('docs/operations.md on upgrading edges, as it stands there', () => {
  let folder: DataFolder;
  let gateway: InProcessGateway | null = null;

  beforeAll(async () => {
    folder = await makeDataFolder();
  });
  afterAll(async () => {
    await gateway?.stop();
    await folder.remove();
  });

  it('makes a key, signs a package, and publishes it', async () => {
    const blocks = fencedBlocks(sectionOf(OPERATIONS, 'Upgrading edges'), 'sh');
    expect(blocks).toHaveLength(3);
    await writeFile(join(folder.path, 'agent-1.4.0.tgz'), 'the package');

    const making = await runBlocks(blocks.slice(0, 1), { folder: folder.path, environment: {} });
    expect([making.code, making.errors]).toEqual([0, '']);
    const publicKey = making.outputs[0]?.trim() ?? '';
    expect((await stat(join(folder.path, 'release-key.pem'))).mode & 0o077).toBe(0);

    gateway = await startInProcess({ releasePublicKeys: [publicKey] });
    const publishing = await runBlocks(blocks.slice(1), {
      folder: folder.path,
      environment: { FOREMAN_URL: gateway.baseUrl, FOREMAN_ADMIN_TOKEN: gateway.adminToken },
    });
    expect([publishing.code, publishing.errors]).toEqual([0, '']);
    expect(JSON.parse(publishing.outputs[1] ?? '')).toMatchObject({
      version: '1.4.0',
      platform: 'linux-x64',
      size: 11,
      url: 'https://downloads.example/agent-1.4.0.tgz',
    });
  });
});

describe('docs/protocol.md on releases', () => {
  const section = PROTOCOL.slice(PROTOCOL.indexOf('\n### Releases\n'));
  const [example = ''] = fencedBlocks(section, 'json');
  const [code = ''] = fencedBlocks(section, 'js');
  const release = JSON.parse(example) as Record<string, unknown>;

  it('has an example that is signed as it says, over the bytes that it shows', () => {
    const signer = new ReleaseSigner(SEED);
    expect(signer.sign(release)).toEqual(release);
    expect(section).toContain(`\`${signer.publicKey}\``);
    const { signature: _, ...manifest } = release;
    const sorted = Object.entries(manifest).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const [bytes = ''] = fencedBlocks(section, 'text');
    expect(bytes.trimEnd()).toBe(JSON.stringify(Object.fromEntries(sorted)));
  });

  it('has a verifier that takes it, and nothing that was changed', async () => {
    const folder = await makeDataFolder();
    const { publicKey } = new ReleaseSigner(SEED);
    const changed = { ...release, url: 'https://evil.example/' };
    const calls = [release, changed].map(
      (one) => `isGenuine(${JSON.stringify(one)}, '${publicKey}')`,
    );
    await writeFile(join(folder.path, 'verify.cjs'), `${code}\nconsole.log([${calls.join()}])`);
    const run = await runBlocks([`"${process.execPath}" verify.cjs`], {
      folder: folder.path,
      environment: {},
    });
    await folder.remove();
    expect([run.errors, run.outputs[0]?.trim()]).toEqual(['', '[ true, false ]']);
  });
});
