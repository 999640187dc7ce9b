import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { SignedRelease } from '@foreman/kernel';
import { ReleaseRefused } from './release-refused';

const PACKAGE = 'package';
const MANIFEST = 'manifest.json';
const HANDED_OVER = 'handed-over';
const READY = 'ready.json';

/** What `ready.json` says. */
export interface ReadyRelease {
  readonly version: string;
  /** The verified package's path. */
  readonly package: string;
  readonly sha256: string;
}

/**
 * Where verified packages lie: `<folder>/<version>/package` with its `manifest.json`, and `<folder>/ready.json`, which names
 * the latest. Each file is whole or not there, readable by its owner only, and never executable.
 */
export class ReleaseFolder {
  constructor(private readonly folder: string) {}

  /** Whether the very package lies here already, every byte of it. */
  async has(release: SignedRelease): Promise<boolean> {
    const path = join(this.pathOf(release), PACKAGE);
    try {
      if ((await stat(path)).size !== release.size) return false;
      const hash = createHash('sha256');
      await pipeline(createReadStream(path), hash);
      return hash.digest('hex') === release.sha256;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  /**
   * Keeps the package, streamed to the disk as it comes. Throws `ReleaseRefused`, and leaves nothing, as soon as there
   * are more bytes than the manifest says, or at the end when there are fewer, or others.
   */
  async keep(release: SignedRelease, body: Readable): Promise<void> {
    const directory = this.pathOf(release);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await replace(directory, PACKAGE, (file) => writeVerified(file, release, body));
  }

  /** Says, in files, that the package is complete. */
  async announce(release: SignedRelease): Promise<ReadyRelease> {
    const directory = this.pathOf(release);
    const ready = {
      version: release.version,
      package: join(directory, PACKAGE),
      sha256: release.sha256,
    };
    await replace(directory, MANIFEST, (file) => file.writeFile(json(release)));
    await replace(this.folder, READY, (file) => file.writeFile(json(ready)));
    return ready;
  }

  /** Notes that the supervisor is told of this version; false when it was told before. */
  async noteHandover({ version }: Pick<SignedRelease, 'version'>): Promise<boolean> {
    try {
      await (await open(join(this.pathOf({ version }), HANDED_OVER), 'wx', 0o600)).close();
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }

  /** A semantic version has no character that means something in a path. */
  private pathOf({ version }: Pick<SignedRelease, 'version'>): string {
    return join(this.folder, version);
  }
}

async function writeVerified(file: FileHandle, release: SignedRelease, body: Readable) {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > release.size) throw wrongSize(release, 'more');
    hash.update(chunk);
    // Goes on where the last one ended, and writes all of it.
    await file.writeFile(chunk);
  }
  if (size < release.size) throw wrongSize(release, 'fewer');
  if (hash.digest('hex') !== release.sha256) {
    throw new ReleaseRefused('digest', 'the package has another SHA-256 than the release says');
  }
}

function wrongSize({ size }: SignedRelease, than: 'more' | 'fewer'): ReleaseRefused {
  return new ReleaseRefused(
    'size',
    `the package has ${than} bytes than the ${size} of the release`,
  );
}

/** Writes a draft, puts it on the disk, and only then in its place. A draft of an earlier crash is overwritten. */
async function replace(
  directory: string,
  name: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const draft = join(directory, `.${name}.draft`);
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const file = await open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  try {
    await write(file);
    await file.sync();
  } catch (error) {
    await file.close();
    await rm(draft, { force: true });
    throw error;
  }
  await file.close();
  await rename(draft, join(directory, name));
  const entries = await open(directory, constants.O_RDONLY);
  try {
    await entries.sync();
  } finally {
    await entries.close();
  }
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
