import { spawn } from 'node:child_process';
import type { Clock, ClockTimer } from '@foreman/kernel';
import type { AllowedCommand } from './allowed-command';

/** After SIGTERM a program has this long before SIGKILL. */
const KILL_AFTER_MS = 5_000;

export interface ProgramRun {
  readonly input: string;
  /** Ends the program and everything that it started. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly onStderr: (chunk: Buffer) => void;
}

export interface ProgramEnd {
  readonly exitCode: number | null;
  /** The signal that ended it, if one did. */
  readonly killedBy: NodeJS.Signals | null;
  readonly stdout: Buffer;
  /** Why it was ended from here; null when it ended by itself. */
  readonly ended: 'aborted' | 'timed_out' | 'output_too_large' | null;
}

/**
 * Runs an allowed program to its end: never through a shell, in a process group of its own, with nothing of this
 * process's environment. Rejects only when it cannot be started. What it leaves running in its group dies with it.
 */
export function runProgram(command: AllowedCommand, run: ProgramRun): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(command.program, command.args, {
      cwd: command.workingDirectory,
      env: { ...command.env },
      shell: false,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const chunks: Buffer[] = [];
    const timers: ClockTimer[] = [];
    let size = 0;
    let ended: ProgramEnd['ended'] = null;

    const end = (why: NonNullable<ProgramEnd['ended']>) => {
      if (ended !== null) return;
      ended = why;
      signalGroup(child.pid, 'SIGTERM');
      timers.push(run.clock.setTimer(KILL_AFTER_MS, () => signalGroup(child.pid, 'SIGKILL')));
    };
    const onAbort = () => end('aborted');

    child.once('error', (error) => {
      run.signal.removeEventListener('abort', onAbort);
      reject(error);
    });
    child.once('spawn', () => {
      run.signal.addEventListener('abort', onAbort, { once: true });
      if (run.signal.aborted) onAbort();
      if (command.timeoutSeconds !== undefined) {
        timers.push(run.clock.setTimer(command.timeoutSeconds * 1000, () => end('timed_out')));
      }
    });
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > command.maxOutputBytes) return end('output_too_large');
      chunks.push(chunk);
    });
    child.stderr.on('data', run.onStderr);
    // A program may close its stdin unread; that is its own business.
    child.stdin.on('error', () => undefined);
    child.stdin.end(run.input);
    // A grandchild that holds the pipes open would keep 'close' from coming.
    child.once('exit', () => signalGroup(child.pid, 'SIGKILL'));
    child.once('close', (exitCode, killedBy) => {
      run.signal.removeEventListener('abort', onAbort);
      for (const timer of timers) timer.cancel();
      resolve({ exitCode, killedBy, ended, stdout: Buffer.concat(chunks) });
    });
  });
}

/** The negative id names the whole group; that it is gone already is fine. */
function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
