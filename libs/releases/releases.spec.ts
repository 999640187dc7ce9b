import type { UnitOfWork } from '@foreman/database';
import { type ReleaseManifest, releaseKeyId } from '@foreman/kernel';
import { ReleaseSigner, type TestEngine, openTestEngine } from '@foreman/testing';
import { CurrentReleases } from './current-releases';
import { type ReleaseCommand, Releases } from './releases';
import { ReleasesModule } from './releases.module';
import { ReleasesSettings } from './releases.options';

const UNKNOWN_ID = '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11';
const REREAD_SECONDS = 15;

describe('releases', () => {
  const [signer, next, stranger] = [new ReleaseSigner(), new ReleaseSigner(), new ReleaseSigner()];
  const publicKeys = [signer.publicKey, next.publicKey];
  let engine: TestEngine;
  let work: UnitOfWork;
  let releases: Releases;
  let current: CurrentReleases;

  beforeEach(async () => {
    engine = await openTestEngine(
      ReleasesModule.forRoot({ publicKeys, rereadSeconds: REREAD_SECONDS }),
    );
    work = engine.unitOfWork;
    releases = engine.get(Releases);
    current = engine.get(CurrentReleases);
  });
  afterEach(() => engine.close());

  const publish = (command: ReleaseCommand) => work.run((tx) => releases.publish(tx, command));
  const published = async (manifest: Partial<ReleaseManifest>) =>
    (await publish(signer.sign(manifest))).release;
  const halt = (id: string) => work.run((tx) => releases.halt(tx, id));
  const resume = (id: string) => work.run((tx) => releases.resume(tx, id));
  const version = async (channel = 'stable', platform: string | null = 'linux-x64') =>
    (await current.find(channel, platform))?.version ?? null;
  /** What another process on the same database would know. */
  const elsewhere = (keys = publicKeys) =>
    new CurrentReleases(
      engine.reads,
      engine.clock,
      new ReleasesSettings({ publicKeys: keys, rereadSeconds: REREAD_SECONDS }),
    );

  describe('publishing', () => {
    it('keeps the manifest, its signature and who signed', async () => {
      const command = { ...signer.sign({ platform: 'linux-x64' }), notes: 'Fixes a leak.' };
      const { release, isNew } = await publish(command);
      expect(isNew).toBe(true);
      expect(release).toEqual({
        ...command,
        id: expect.any(String),
        keyId: releaseKeyId(signer.publicKey),
        isHalted: false,
        createdAt: engine.clock.now(),
      });
      expect(await releases.get(engine.reads, release.id)).toEqual(release);
    });

    it('refuses what no known key has signed', async () => {
      const good = signer.sign();
      for (const bad of [
        stranger.sign(),
        { ...good, url: 'https://elsewhere.example/agent.tgz' },
        { ...good, size: 4 },
        { ...good, sha256: '0'.repeat(64) },
        { ...good, version: '9.0.0' },
        { ...good, signature: 'none' },
      ]) {
        await expect(publish(bad)).rejects.toMatchObject({ code: 'release.signature_invalid' });
      }
      expect((await releases.list(engine.reads, { limit: 9, cursor: null })).items).toEqual([]);
    });

    it('refuses everything, naming the setting, when there is no key', async () => {
      const without = await openTestEngine(ReleasesModule.forRoot());
      const publishing = without.unitOfWork.run((tx) =>
        without.get(Releases).publish(tx, signer.sign()),
      );
      await expect(publishing).rejects.toMatchObject({
        code: 'release.signature_invalid',
        message: expect.stringContaining('FOREMAN_RELEASE_PUBLIC_KEYS'),
      });
      await without.close();
    });

    it.each<[string, Partial<ReleaseCommand>, string]>([
      ['a version that is none', { version: '1.4' }, 'version'],
      ['plain http', { url: 'http://downloads.example/agent.tgz' }, 'url'],
      ['notes of more than 4 KiB', { notes: 'ü'.repeat(2049) }, 'notes'],
    ])('refuses %s', async (_what, wrong, path) => {
      await expect(publish({ ...signer.sign(wrong), ...wrong })).rejects.toMatchObject({
        code: 'request.invalid',
        details: { errors: [{ path }] },
      });
    });

    it('finds the same release again when it is repeated', async () => {
      const first = await publish(signer.sign());
      await halt(first.release.id);
      const again = await publish(signer.sign());
      expect(again.isNew).toBe(false);
      // A repeat that was late must not bring a halted release back.
      expect(again.release).toEqual({ ...first.release, isHalted: true });
    });

    it('takes a signature by a newer key for the same package', async () => {
      const { release } = await publish({ ...signer.sign(), notes: 'first' });
      const signed = next.sign();
      expect(await publish(signed)).toEqual({
        isNew: false,
        release: {
          ...release,
          signature: signed.signature,
          keyId: releaseKeyId(next.publicKey),
        },
      });
    });

    it.each<[string, Partial<ReleaseManifest>]>([
      ['address', { url: 'https://downloads.example/other.tgz' }],
      ['size', { size: 4 }],
      ['digest', { sha256: '0'.repeat(64) }],
    ])('refuses the same version with another %s', async (_what, other) => {
      await published({});
      await expect(publish(signer.sign(other))).rejects.toMatchObject({
        code: 'request.invalid',
        details: { errors: [{ path: 'version' }] },
      });
    });

    it('lists the newest first, page by page', async () => {
      for (const minor of [0, 1, 2]) {
        await published({ version: `1.${minor}.0` });
        engine.clock.advance(1);
      }
      const first = await releases.list(engine.reads, { limit: 2, cursor: null });
      const rest = await releases.list(engine.reads, { limit: 2, cursor: first.nextCursor });
      const versions = [first, rest].map((page) => page.items.map((item) => item.version));
      expect(versions).toEqual([['1.2.0', '1.1.0'], ['1.0.0']]);
      expect(rest.nextCursor).toBeNull();
    });
  });

  describe('the current release', () => {
    it('is the highest version of its channel, whenever it was published', async () => {
      await published({ version: '1.10.0' });
      await published({ version: '1.9.0' });
      await published({ version: '1.10.0-rc.2' });
      await published({ version: '2.0.0', channel: 'beta' });
      expect(await version()).toBe('1.10.0');
      expect(await version('beta')).toBe('2.0.0');
      expect(await version('nightly')).toBeNull();
    });

    it('is one for the platform or for any, the own one first among equals', async () => {
      await published({ version: '1.1.0', platform: 'any', url: 'https://a.example/any' });
      expect((await current.find('stable', 'linux-x64'))?.platform).toBe('any');
      await published({ version: '1.1.0', platform: 'linux-x64' });
      await published({ version: '1.3.0', platform: 'win32-x64' });
      expect((await current.find('stable', 'linux-x64'))?.platform).toBe('linux-x64');
      await published({ version: '1.2.0', platform: 'any' });
      expect([
        await version('stable', 'linux-x64'),
        await version('stable', 'win32-x64'),
        await version('stable', null),
      ]).toEqual(['1.2.0', '1.3.0', '1.2.0']);
    });

    it('changes at once when one is halted or resumed', async () => {
      await published({ version: '1.0.0' });
      const { id } = await published({ version: '1.1.0' });
      expect(await version()).toBe('1.1.0');
      expect((await halt(id)).isHalted).toBe(true);
      expect(await version()).toBe('1.0.0');
      expect((await halt(id)).isHalted).toBe(true);
      expect((await resume(id)).isHalted).toBe(false);
      expect(await version()).toBe('1.1.0');
    });

    it('is read once, and again when it may be old: what another process changed is seen in time', async () => {
      const { id } = await published({ version: '1.0.0' });
      const other = elsewhere();
      const read = jest.spyOn(engine.reads, 'entities');
      for (let asked = 0; asked < 100; asked += 1) await other.find('stable', 'any');
      expect(read).toHaveBeenCalledTimes(1);
      await halt(id);
      engine.clock.advance(REREAD_SECONDS * 1000 - 1);
      expect(await other.find('stable', 'any')).toMatchObject({ version: '1.0.0' });
      engine.clock.advance(1);
      expect(await other.find('stable', 'any')).toBeNull();
      expect(read).toHaveBeenCalledTimes(2);
    });

    it('is never what was read before a change', async () => {
      const { id } = await published({ version: '1.0.0' });
      let goOn: () => void = () => undefined;
      const paused = new Promise<void>((resolve) => (goOn = resolve));
      jest.spyOn(engine.reads, 'entities').mockImplementationOnce(async (...args) => {
        const rows = await engine.reads.entities(...args);
        await paused;
        return rows;
      });
      current.forget();
      const early = current.find('stable', 'any');
      await halt(id);
      goOn();
      await early;
      expect(await current.find('stable', 'any')).toBeNull();
    });

    it('is believed for its signature, not for being in the database', async () => {
      const { id } = await published({ version: '1.0.0' });
      await published({ version: '0.9.0' });
      await work.run((tx) =>
        tx.execute(`UPDATE releases SET url = 'https://evil.example/a' WHERE id = ?`, [id]),
      );
      expect(await elsewhere().find('stable', 'any')).toMatchObject({ version: '0.9.0' });
    });

    it('ends with the key that signed it', async () => {
      await publish(next.sign({ version: '1.1.0' }));
      await published({ version: '1.0.0' });
      expect(await elsewhere([signer.publicKey]).find('stable', 'any')).toMatchObject({
        version: '1.0.0',
      });
      expect(await elsewhere([]).find('stable', 'any')).toBeNull();
    });
  });

  describe('an upgrade', () => {
    const upgradeOf = async (agentVersion: string | null, platform: string | null = 'linux-x64') =>
      (await current.upgradeFor({ agentVersion, platform, channel: 'stable' }))?.version ?? null;

    it('is offered to lower versions only', async () => {
      await published({ version: '1.4.0' });
      expect(
        await Promise.all(['1.3.9', '1.4.0-rc.1', '1.4.0', '2.0.0'].map((v) => upgradeOf(v))),
      ).toEqual(['1.4.0', '1.4.0', null, null]);
    });

    it('is not offered to an agent of an unknown version, or another platform', async () => {
      await published({ version: '1.4.0', platform: 'win32-x64' });
      expect(await upgradeOf('1.0.0', 'win32-x64')).toBe('1.4.0');
      expect([
        await upgradeOf(null, 'win32-x64'),
        await upgradeOf('nightly', 'win32-x64'),
        await upgradeOf('1.0.0', 'linux-x64'),
        await upgradeOf('1.0.0', null),
      ]).toEqual([null, null, null, null]);
    });

    it('is none while the database cannot be read: a heartbeat is answered all the same', async () => {
      await published({ version: '1.4.0' });
      const read = jest.spyOn(engine.reads, 'entities').mockRejectedValue(new Error('no disk'));
      expect(await upgradeOf('1.0.0')).toBeNull();
      read.mockRestore();
      expect(await upgradeOf('1.0.0')).toBe('1.4.0');
    });
  });

  it.each(['halt', 'resume'] as const)('cannot %s what is not there', async (verb) => {
    const call = work.run((tx) => releases[verb](tx, UNKNOWN_ID));
    await expect(call).rejects.toMatchObject({ code: 'release.not_found' });
  });
});
