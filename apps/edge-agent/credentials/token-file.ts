import { constants } from 'node:fs';
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What an enrolment left behind. */
export interface KeptToken {
  readonly gateway: string;
  readonly edgeId: string;
  readonly name: string;
  readonly token: string;
  /** Of the enrolment token that it was made from, to see when a new one is given. */
  readonly enrolmentSha256: string;
}

/** The state directory cannot keep or give the token; the message says what to do. */
export class StateUnusable extends Error {
  override readonly name = 'StateUnusable';
}

const FILE = 'edge-token.json';
const OTHERS = 0o077;

/** The edge's token in its state directory: one file of mode 0600, replaced as a whole or not at all. */
export class TokenFile {
  private readonly path: string;

  constructor(private readonly directory: string) {
    this.path = join(directory, FILE);
  }

  /** The kept token, or null if there is none. Throws `StateUnusable` for a file that is broken or open to others. */
  async read(): Promise<KeptToken | null> {
    let text: string;
    try {
      const { mode } = await stat(this.path);
      if ((mode & OTHERS) !== 0) {
        throw new StateUnusable(`${this.path} is open to other users: make it mode 0600`);
      }
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error instanceof StateUnusable ? error : unusable(this.path, error);
    }
    try {
      return keptTokenFrom(JSON.parse(text));
    } catch (error) {
      throw unusable(this.path, error);
    }
  }

  /** Makes the directory and tries a write, so that no token is asked for that could not be kept. */
  async prepare(): Promise<void> {
    try {
      await mkdir(this.directory, { recursive: true, mode: 0o700 });
      await this.replace(join(this.directory, `.${FILE}.probe`), '');
      await rm(join(this.directory, `.${FILE}.probe`));
    } catch (error) {
      throw unusable(this.directory, error);
    }
  }

  /** Keeps the token: on the disk when this resolves. */
  async save(kept: KeptToken): Promise<void> {
    try {
      await this.replace(this.path, `${JSON.stringify(kept, null, 2)}\n`);
    } catch (error) {
      throw unusable(this.path, error);
    }
  }

  private async replace(path: string, text: string): Promise<void> {
    const draft = `${path}.new`;
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
    const file = await open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
    try {
      // A draft that an earlier crash left may have another mode.
      await chmod(draft, 0o600);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    const directory = await open(this.directory, constants.O_RDONLY);
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
}

function keptTokenFrom(value: unknown): KeptToken {
  const fields = value as Partial<Record<keyof KeptToken, unknown>> | null;
  const text = (name: keyof KeptToken): string => {
    const field = fields?.[name];
    if (typeof field !== 'string') throw new Error(`it has no ${name}`);
    return field;
  };
  return {
    gateway: text('gateway'),
    edgeId: text('edgeId'),
    name: text('name'),
    token: text('token'),
    enrolmentSha256: text('enrolmentSha256'),
  };
}

function unusable(path: string, error: unknown): StateUnusable {
  const reason = error instanceof Error ? error.message : String(error);
  return new StateUnusable(`the state at ${path} cannot be used: ${reason}`, { cause: error });
}
