import { mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SignedRelease, sha256Hex } from '@foreman/kernel';
import { ReleaseSigner } from '@foreman/testing';
import { downloadRelease } from './download-release';
import { ReleaseFolder } from './release-folder';
import { PackageServer } from './spec/package-server';

/** More than one chunk of a socket and of a file. */
const PACKAGE = Buffer.alloc(300_000, 'package ');
const VERSION = '1.4.0';

describe('downloadRelease', () => {
  const signer = new ReleaseSigner();
  let server: PackageServer;
  let folder: string;

  beforeEach(async () => {
    server = await PackageServer.start();
    folder = join(await mkdtemp(join(tmpdir(), 'foreman-releases-')), 'releases');
  });
  afterEach(async () => {
    await server.stop();
    await rm(join(folder, '..'), { recursive: true });
  });

  const releaseAt = (url: string, bytes: Buffer = PACKAGE): SignedRelease =>
    signer.sign({ version: VERSION, url, size: bytes.length, sha256: sha256Hex(bytes) });
  const path = (...names: string[]) => join(folder, VERSION, ...names);
  const filesOf = (directory: string) => readdir(directory).catch(() => []);

  it('keeps the package with its manifest, and says that it is ready', async () => {
    const release = releaseAt(server.serve('/agent.tgz', PACKAGE, { withLength: true }));
    const ready = await downloadRelease(release, folder);
    expect(ready).toEqual({ version: VERSION, package: path('package'), sha256: release.sha256 });
    expect((await readFile(path('package'))).equals(PACKAGE)).toBe(true);
    expect(JSON.parse(await readFile(path('manifest.json'), 'utf8'))).toEqual(release);
    expect(JSON.parse(await readFile(join(folder, 'ready.json'), 'utf8'))).toEqual(ready);
    expect((await filesOf(path())).toSorted()).toEqual(['manifest.json', 'package']);
    // Not executable, and nobody else's to change before it is used.
    expect((await stat(path('package'))).mode & 0o777).toBe(0o600);
    expect((await stat(path())).mode & 0o777).toBe(0o700);
  });

  it('sends no credential, and follows to a mirror', async () => {
    const mirror = server.serve('/mirror', PACKAGE);
    const url = server.answer('/agent.tgz', (_, response) => {
      response.writeHead(302, { location: mirror }).end();
    });
    await downloadRelease(releaseAt(url), folder);
    expect(server.requests.map((request) => request.url)).toEqual(['/agent.tgz', '/mirror']);
    expect(server.requests.map((request) => request.headers.authorization)).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('does not fetch again what lies there whole', async () => {
    const release = releaseAt(server.serve('/agent.tgz', PACKAGE));
    await downloadRelease(release, folder);
    expect(await downloadRelease(release, folder)).toMatchObject({ version: VERSION });
    expect(server.requests).toHaveLength(1);
  });

  it.each<[string, Buffer]>([
    ['cut', PACKAGE.subarray(1)],
    ['changed', Buffer.alloc(PACKAGE.length, 'x')],
  ])('fetches again what lies there %s', async (_how, bytes) => {
    const release = releaseAt(server.serve('/agent.tgz', PACKAGE));
    await downloadRelease(release, folder);
    await writeFile(path('package'), bytes);
    await downloadRelease(release, folder);
    expect(sha256Hex(await readFile(path('package')))).toBe(release.sha256);
  });

  describe('refuses, and leaves nothing behind,', () => {
    const tampered = Buffer.from(PACKAGE);
    tampered[150_000] = 0;
    const longer = Buffer.concat([PACKAGE, Buffer.from('!')]);

    it.each([
      ['a package with one other byte', 'digest', tampered, {}],
      ['a longer one', 'size', longer, {}],
      ['a longer one that says so', 'size', longer, { withLength: true }],
      ['a shorter one', 'size', PACKAGE.subarray(1), {}],
      ['a shorter one that says so', 'size', PACKAGE.subarray(1), { withLength: true }],
      ['an empty one', 'size', Buffer.alloc(0), {}],
    ])('%s', async (_what, because, bytes, options) => {
      const release = releaseAt(server.serve('/agent.tgz', bytes, options));
      await expect(downloadRelease(release, folder)).rejects.toMatchObject({ because });
      expect(await filesOf(path())).toEqual([]);
      expect(await filesOf(folder)).not.toContain('ready.json');
    });

    it('a package without end, after as many bytes as it may have', async () => {
      let sent = 0;
      const url = server.answer('/agent.tgz', (_, response) => {
        const chunk = Buffer.alloc(65_536);
        const send = () => {
          sent += chunk.length;
          if (!response.destroyed && response.write(chunk)) setImmediate(send);
        };
        response.on('drain', send);
        send();
      });
      const downloading = downloadRelease(releaseAt(url), folder);
      await expect(downloading).rejects.toMatchObject({ because: 'size' });
      expect(sent).toBeLessThan(64 * 1024 * 1024);
    });
  });

  it('keeps what was there when the next one is not whole', async () => {
    await downloadRelease(releaseAt(server.serve('/agent.tgz', PACKAGE)), folder);
    const other = Buffer.alloc(9, 'y');
    const broken = releaseAt(server.serve('/other.tgz', Buffer.alloc(9, 'z')), other);
    await expect(downloadRelease(broken, folder)).rejects.toMatchObject({ because: 'digest' });
    expect((await readFile(path('package'))).equals(PACKAGE)).toBe(true);
  });

  it.each<[string, (server: PackageServer) => string]>([
    ['is not there', (site) => site.url('/nothing')],
    [
      'breaks off',
      (site) =>
        site.answer('/cut', (_, response) => {
          response.writeHead(200, { 'content-length': PACKAGE.length });
          response.write(PACKAGE.subarray(0, 9), () => response.destroy());
        }),
    ],
    [
      'stands still',
      (site) => site.answer('/still', (_, response) => response.write(PACKAGE.subarray(0, 9))),
    ],
    [
      'leads in a circle',
      (site) =>
        site.answer('/circle', (_, response) => {
          response.writeHead(302, { location: site.url('/circle') }).end();
        }),
    ],
  ])('says that a package %s', async (_what, addressOf) => {
    const downloading = downloadRelease(releaseAt(addressOf(server)), folder, { stallMs: 300 });
    await expect(downloading).rejects.toMatchObject({ name: 'PackageUnavailable' });
    expect(await filesOf(path())).toEqual([]);
  });

  it('follows no symbolic link that stands in the place of its draft', async () => {
    const release = releaseAt(server.serve('/agent.tgz', PACKAGE));
    await downloadRelease(release, folder);
    await rm(path('package'));
    const victim = join(folder, '..', 'victim');
    await writeFile(victim, 'mine');
    await symlink(victim, path('.package.draft'));
    await expect(downloadRelease(release, folder)).rejects.toThrow('ELOOP');
    expect(await readFile(victim, 'utf8')).toBe('mine');
  });

  it('is given up when the signal aborts', async () => {
    const stop = new AbortController();
    const url = server.answer('/slow', (_, response) => {
      response.write(PACKAGE.subarray(0, 9), () => stop.abort(new Error('stopping')));
    });
    const downloading = downloadRelease(releaseAt(url), folder, { signal: stop.signal });
    await expect(downloading).rejects.toThrow('stopping');
    expect(await filesOf(path())).toEqual([]);
  });

  it('notes once that a version was handed over', async () => {
    await downloadRelease(releaseAt(server.serve('/agent.tgz', PACKAGE)), folder);
    const packages = new ReleaseFolder(folder);
    expect(await packages.noteHandover({ version: VERSION })).toBe(true);
    expect(await new ReleaseFolder(folder).noteHandover({ version: VERSION })).toBe(false);
  });
});
