import { link, mkdir, open, readFile, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface KeyFile {
  readonly text: string;
  readonly isNew: boolean;
}

/**
 * The text of a secret's file, made by `make` if there is none. It appears under its name whole and
 * durable or not at all (written beside, fsynced, linked), readable by its owner only, and two
 * processes that start at once end with the same text.
 */
export async function readOrMakeKeyFile(path: string, make: () => string): Promise<KeyFile> {
  const present = await readIfThere(path);
  if (present !== null) return { text: present, isNew: false };
  const draft = `${path}.${process.pid}.new`;
  await writeDurably(draft, make());
  try {
    await link(draft, path);
  } catch (error) {
    // Another process was faster: its text is the one that counts.
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await unlink(draft);
  }
  await syncFolder(dirname(path));
  return { text: (await readFile(path, 'utf8')).trim(), isNew: true };
}

/** Makes a folder that only its owner may enter; an existing one stays as it is. */
export async function makeDataFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(`${text}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
