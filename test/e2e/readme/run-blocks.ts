import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** Nobody types this: it tells the output of one block from the next. */
const MARK = '\u0001block\u0001';

export interface BlocksRun {
  readonly code: number | null;
  /** What each block wrote to stdout; one shorter for each block that was never reached. */
  readonly outputs: readonly string[];
  readonly errors: string;
}

/** Runs shell blocks as one session of `bash -euo pipefail`, so that later ones see what earlier ones set. */
export async function runBlocks(
  blocks: readonly string[],
  place: { readonly folder: string; readonly environment: Readonly<Record<string, string>> },
): Promise<BlocksRun> {
  const script = blocks.map((block) => `printf '%s' '${MARK}'\n${block}`).join('\n');
  const shell = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: place.folder,
    env: { PATH: process.env['PATH'], TMPDIR: place.folder, ...place.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(shell, 'exit');
  const [written, errors] = await Promise.all([text(shell.stdout), text(shell.stderr)]);
  await ended;
  return { code: shell.exitCode, outputs: written.split(MARK).slice(1), errors };
}
