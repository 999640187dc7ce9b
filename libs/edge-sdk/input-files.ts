import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  ArtifactCorrupted,
  GatewayProblem,
  isPassing,
  resumedDownload,
} from '@foreman/gateway-http';
import type { AgentParts } from './agent-parts';
import { TaskFailure } from './executor';
import type { ArtifactObject, LeasedTask } from './protocol.types';

type Parts = Pick<AgentParts, 'connection' | 'clock' | 'random' | 'log' | 'inputFolder'>;

/** Files with the bytes of a task's inputs, fetched when they are asked for, gone with the attempt. */
export class InputFiles {
  private folder: Promise<string> | null = null;
  private readonly files = new Map<string, Promise<string>>();

  constructor(
    private readonly parts: Parts,
    private readonly task: LeasedTask,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * The path of a file with exactly the bytes of the input; asked again, the same file. A download that breaks off
   * goes on where it broke; never more than a piece of it is in memory. A gateway that is away is waited for as long as
   * the signal allows.
   * @throws TaskFailure `input.missing` (final) where the task has none of that name; `input.corrupted` where other
   * bytes came (retryable), or the gateway itself knows them to be damaged (final: no later try finds them whole before
   * somebody uploads them anew); `input.unreadable` (retryable) where the gateway answered ten times in a row, in about
   * a minute, and no byte came; the gateway's refusal; the signal's reason.
   */
  path(name: string): Promise<string> {
    const known = this.files.get(name);
    if (known !== undefined) return known;
    const file = this.fetch(name);
    this.files.set(name, file);
    // Another try may succeed where this one did not.
    file.catch(() => this.files.delete(name));
    return file;
  }

  /** Nothing of them is left. */
  async remove(): Promise<void> {
    if (this.folder === null) return;
    try {
      await rm(await this.folder, { recursive: true, force: true });
    } catch (error) {
      const { taskId } = this.task;
      this.parts.log.warn({ taskId, reason: String(error) }, 'input files were not removed');
    }
  }

  private async fetch(name: string): Promise<string> {
    const index = this.task.inputs.findIndex((input) => input.name === name);
    const input = this.task.inputs[index];
    if (input === undefined) {
      throw new TaskFailure('input.missing', `the task has no input ${name}`, false);
    }
    this.folder ??= this.makeFolder();
    // By its place: what the gateway says is no path.
    const path = join(await this.folder, String(index));
    try {
      await pipeline(this.bytesOf(input), createWriteStream(path, { mode: 0o600 }), {
        signal: this.signal,
      });
    } catch (error) {
      this.signal.throwIfAborted();
      throw failureOf(error);
    }
    return path;
  }

  private bytesOf(input: ArtifactObject): Readable {
    const { connection, clock, random, log } = this.parts;
    const { task, signal } = this;
    const chunks = resumedDownload(
      input,
      (headers) => connection.openInput(task, input.name, headers, signal),
      {
        clock,
        random,
        signal,
        onRetry: ({ error, delayMs }) =>
          log.warn(
            { taskId: task.taskId, input: input.name, delayMs, reason: error.message },
            'input not fetched yet; going on',
          ),
      },
    );
    return Readable.from(chunks, { objectMode: false });
  }

  private async makeFolder(): Promise<string> {
    const parent = this.parts.inputFolder ?? tmpdir();
    await mkdir(parent, { recursive: true });
    return mkdtemp(join(parent, 'foreman-inputs-'));
  }
}

function failureOf(error: unknown): unknown {
  if (error instanceof ArtifactCorrupted) {
    return new TaskFailure('input.corrupted', error.message, true);
  }
  if (error instanceof GatewayProblem && error.code === 'artifact.corrupt') {
    return new TaskFailure('input.corrupted', error.detail, false);
  }
  return isPassing(error) ? new TaskFailure('input.unreadable', error.message, true) : error;
}
