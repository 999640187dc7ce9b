import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, copyFile, open, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type DataFolder, makeDataFolder } from './data-folder';

const FILLER = 'filler';

/** A tmpfs over the folder that is named first, as large as is named second; it lives until its stdin ends. */
const MOUNT = 'mount -t tmpfs -o size="$2" none "$1" && echo mounted && exec cat';

/** How a mount namespace is made, and entered. */
interface NamespaceWay {
  readonly make: readonly string[];
  readonly enter: readonly string[];
}

/** Where the first is not allowed, root does without a user namespace. */
const WAYS: readonly NamespaceWay[] = [
  {
    make: ['--user', '--map-root-user', '--mount'],
    enter: ['--user', '--preserve-credentials', '--mount'],
  },
  { make: ['--mount'], enter: ['--mount'] },
];

/**
 * A file system of a few MiB for a data folder, to be filled to its last byte. It is a tmpfs in a mount
 * namespace of its own, so that mostly no rights are needed; a program sees it when it is started `through` that
 * namespace. Linux only, and only for root or where user namespaces may be made: elsewhere `make` throws and says so.
 */
export class SmallDisk {
  private constructor(
    private readonly holder: ChildProcess,
    private readonly folder: DataFolder,
    private readonly way: NamespaceWay,
  ) {}

  static async make(sizeBytes: number): Promise<SmallDisk> {
    const folder = await makeDataFolder();
    const refusals: string[] = [];
    for (const way of WAYS) {
      const holder = await mounted(way, folder.path, sizeBytes);
      if (typeof holder !== 'string') return new SmallDisk(holder, folder, way);
      refusals.push(holder);
    }
    await folder.remove();
    throw new Error(
      `This needs a tmpfs of its own, by unshare(1) with user namespaces or as root ` +
        `(Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0; containers: CAP_SYS_ADMIN): ${refusals.join('; ')}`,
    );
  }

  /** Where it is for a program that is started through its namespace. */
  get path(): string {
    return this.folder.path;
  }

  /** A program behind this sees it. */
  get through(): readonly string[] {
    const target = ['--target', String(this.holder.pid)];
    return ['nsenter', ...this.way.enter, ...target, '--'];
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.seenFromHere());
    return bavail * bsize;
  }

  async sizeOf(name: string): Promise<number> {
    return (await stat(this.seenFromHere(name))).size;
  }

  /** Takes what is left, to the last byte. */
  async fill(): Promise<void> {
    const filler = await open(this.seenFromHere(FILLER), 'a');
    try {
      for (let piece = 1_048_576; piece >= 1; piece = Math.floor(piece / 16)) {
        await fillWith(Buffer.alloc(piece), (bytes) => filler.appendFile(bytes));
      }
    } finally {
      await filler.close();
    }
    await appendFile(this.seenFromHere(FILLER), 'x').then(
      () => Promise.reject(new Error('The disk is not full')),
      () => undefined,
    );
  }

  /** Gives back what `fill` took. */
  async makeRoom(): Promise<void> {
    await rm(this.seenFromHere(FILLER));
  }

  /** Copies these files of it to a folder that everyone sees. */
  async copyTo(folder: string, ...names: string[]): Promise<void> {
    for (const name of names) await copyFile(this.seenFromHere(name), join(folder, name));
  }

  /** It goes with all that is on it, as soon as no program uses it. */
  async remove(): Promise<void> {
    this.holder.stdin?.end();
    if (this.holder.exitCode === null) await once(this.holder, 'close');
    await this.folder.remove();
  }

  /** By way of the holder, for files alone: SQLite would take the path for one of this process. */
  private seenFromHere(name = ''): string {
    return join(`/proc/${this.holder.pid}/root`, this.folder.path, name);
  }
}

/** The program that holds the namespace; what was said where there is none. */
async function mounted(
  way: NamespaceWay,
  path: string,
  sizeBytes: number,
): Promise<ChildProcess | string> {
  const shell = ['sh', '-c', MOUNT, 'sh', path, String(sizeBytes)];
  const holder = spawn('unshare', [...way.make, ...shell]);
  let said = '';
  holder.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const isMounted = once(holder.stdout, 'data').then(() => true);
  const refused = once(holder, 'close').then(() => false);
  const failed = once(holder, 'error').then(([error]) => {
    said += String(error);
    return false;
  });
  return (await Promise.race([isMounted, refused, failed])) ? holder : said.trim();
}

async function fillWith(bytes: Buffer, write: (bytes: Buffer) => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await write(bytes);
    } catch {
      return;
    }
  }
}
