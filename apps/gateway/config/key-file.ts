import { link, mkdir, open, readFile, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { IdSource } from '@foreman/kernel';

export interface KeyFile {
  readonly text: string;
  readonly isNew: boolean;
}

/**
 * The text of a secret's file, made by `make` if there is none. It appears under its name whole and
 * durable or not at all (written beside, fsynced, linked), readable by its owner only, and all who
 * start at once end with the same text.
 */
export async function readOrMakeKeyFile(
  path: string,
  ids: IdSource,
  make: () => string,
): Promise<KeyFile> {
  const present = await readIfThere(path);
  if (present !== null) return { text: present, isNew: false };
  const draft = `${path}.${ids.uuid()}.new`;
  await writeDurably(draft, make());
  const isNew = await linkUnlessThere(draft, path);
  await unlink(draft);
  await syncFolder(dirname(path));
  return { text: (await readFile(path, 'utf8')).trim(), isNew };
}

/** False: another process was faster, and its text is the one that counts. */
async function linkUnlessThere(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
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
  const file = await open(path, 'wx', 0o600);
  try {
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
