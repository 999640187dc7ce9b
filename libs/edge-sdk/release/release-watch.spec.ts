import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Hex } from '@foreman/kernel';
import { FakeClock, FixedRandom, ReleaseSigner, eventually } from '@foreman/testing';
import type { ReadyRelease } from './release-folder';
import { ReleaseWatch, type ReleaseWatchOptions } from './release-watch';
import { PackageServer } from './spec/package-server';

const PACKAGE = Buffer.from('the package');

describe('ReleaseWatch', () => {
  const signer = new ReleaseSigner();
  const clock = new FakeClock();
  let server: PackageServer;
  let folder: string;
  let told: string[];
  let ready: ReadyRelease[];

  beforeEach(async () => {
    server = await PackageServer.start();
    folder = await mkdtemp(join(tmpdir(), 'foreman-releases-'));
    told = [];
    ready = [];
  });
  afterEach(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  const watching = (options: Partial<ReleaseWatchOptions> = {}) => {
    const note = (level: string) => (_fields: object, message: string) =>
      void told.push(`${level}: ${message}`);
    return new ReleaseWatch({
      clock,
      random: new FixedRandom(),
      log: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
      publicKeys: [signer.publicKey],
      agentVersion: '1.3.0',
      platform: 'linux-x64',
      folder,
      ready: (release) => ready.push(release),
      ...options,
    });
  };
  const signed = (path: string, manifest = {}) =>
    signer.sign({
      url: server.url(path),
      size: PACKAGE.length,
      sha256: sha256Hex(PACKAGE),
      ...manifest,
    });
  const served = () => {
    server.serve('/agent.tgz', PACKAGE);
    return signed('/agent.tgz');
  };
  const toldTimes = (count: number) => eventually(`${count} messages`, () => told.length >= count);

  it('tells of a release once, fetches it once, and says when it is ready', async () => {
    const watch = watching();
    const release = served();
    for (let beats = 0; beats < 5; beats += 1) watch.offered({ ...release });
    await toldTimes(2);
    for (let beats = 0; beats < 5; beats += 1) watch.offered({ ...release });
    watch.offered(undefined);
    await watch.stop();
    expect(told).toEqual([
      'info: a release to upgrade to',
      'info: the release is verified and ready',
    ]);
    expect(ready).toEqual([
      {
        version: '1.4.0',
        package: join(folder, '1.4.0', 'package'),
        sha256: release.sha256,
      },
    ]);
    expect(server.requests).toHaveLength(1);
  });

  it('only tells of it without public keys', async () => {
    const watch = watching({ publicKeys: [] });
    const release = served();
    for (let beats = 0; beats < 5; beats += 1) watch.offered({ ...release });
    await watch.stop();
    expect(told).toEqual(['info: a release to upgrade to; without public keys it is not fetched']);
    expect(server.requests).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['a stranger signed', new ReleaseSigner().sign()],
    ['is lower than what runs', signer.sign({ version: '1.2.0' })],
    ['is for another platform', signer.sign({ platform: 'win32-x64' })],
    ['is nothing', 'rm -rf /'],
  ])('fetches nothing for a release that %s, and says so once', async (_what, release) => {
    const watch = watching();
    watch.offered(release);
    watch.offered(release);
    await watch.stop();
    expect(told).toEqual(['error: a release was offered that cannot be believed']);
    expect([server.requests, ready]).toEqual([[], []]);
  });

  it('tries a package again that could not be fetched, later and later', async () => {
    const watch = watching();
    const release = signed('/agent.tgz');
    watch.offered(release);
    await toldTimes(2);
    clock.advance(59_999);
    watch.offered(release);
    expect(server.requests).toHaveLength(1);
    clock.advance(1);
    watch.offered(release);
    await toldTimes(3);
    clock.advance(60_000);
    watch.offered(release);
    expect(server.requests).toHaveLength(2);
    server.serve('/agent.tgz', PACKAGE);
    clock.advance(60_000);
    watch.offered(release);
    await toldTimes(4);
    expect(told).toEqual([
      'info: a release to upgrade to',
      'warn: the package could not be fetched; trying again later',
      'warn: the package could not be fetched; trying again later',
      'info: the release is verified and ready',
    ]);
    expect(ready).toHaveLength(1);
  });

  it('is never ready with a tampered package', async () => {
    const watch = watching();
    server.serve('/agent.tgz', Buffer.from('the pack4ge'));
    watch.offered(signed('/agent.tgz'));
    await toldTimes(2);
    await watch.stop();
    expect(told[1]).toBe('error: the package is not the one released');
    expect(ready).toEqual([]);
  });

  it('takes a newer offer up after one that failed', async () => {
    const watch = watching();
    watch.offered(signed('/nothing'));
    await toldTimes(2);
    server.serve('/agent.tgz', PACKAGE);
    watch.offered(signed('/agent.tgz', { version: '1.5.0' }));
    await toldTimes(4);
    expect(ready.map(({ version }) => version)).toEqual(['1.5.0']);
  });

  it('gives up what it fetches when the agent stops, without a word', async () => {
    const watch = watching();
    server.answer('/slow', (_, response) => response.write('the'));
    watch.offered(signed('/slow'));
    await eventually('the package is asked for', () => server.requests.length === 1);
    await watch.stop();
    watch.offered(signed('/slow', { version: '1.5.0' }));
    expect(told).toEqual(['info: a release to upgrade to']);
  });
});
