import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type Clock, delay } from '@foreman/kernel';
import type { Environment } from '../config/child-environment';

export interface ProgramSpec {
  /** What it is called in messages. */
  readonly name: string;
  /** The JavaScript file to run. */
  readonly main: string;
  readonly args?: readonly string[];
  /** All of its environment. */
  readonly environment: Environment;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Enough of a log to see why a program ended; a chatty one fills no memory. */
const LINES_KEPT = 500;

/** A program of ours as a child process: its log's lines, and its end. */
export class ChildProgram {
  private readonly child: ChildProcess;
  private readonly events = new EventEmitter();
  private readonly lines: string[] = [];
  readonly ended: Promise<Ending>;

  constructor(
    private readonly spec: ProgramSpec,
    private readonly clock: Clock,
  ) {
    const { main, args = [], environment } = spec;
    const child = spawn(process.execPath, ['--enable-source-maps', main, ...args], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    this.follow(child.stdout);
    this.follow(child.stderr);
    // 'close', not 'exit': its last lines have been read by then.
    this.ended = once(child, 'close').then(() => {
      const ending = { code: child.exitCode, signal: child.signalCode };
      this.events.emit('ended', ending);
      return ending;
    });
  }

  get name(): string {
    return this.spec.name;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** The end of its log. */
  log(lineCount: number = LINES_KEPT): readonly string[] {
    return this.lines.slice(-lineCount);
  }

  /**
   * The first match in a line that it has logged or will log.
   * @throws Error with the end of its log when it ends first or takes longer than `withinMs`; the signal's reason
   */
  async lineMatching(
    pattern: RegExp,
    withinMs: number,
    signal?: AbortSignal,
  ): Promise<RegExpExecArray> {
    const over = new AbortController();
    const outcomes = [
      this.nextMatch(pattern, over.signal),
      this.ended.then(({ code, signal: by }) => this.refusal(`ended (${by ?? code})`)),
      delay(this.clock, withinMs, signal).then(() => this.refusal(`took over ${withinMs} ms`)),
    ];
    try {
      const outcome = await Promise.race(outcomes);
      signal?.throwIfAborted();
      if (outcome instanceof Error) throw outcome;
      return outcome;
    } finally {
      over.abort();
    }
  }

  /** Asks it to end, and makes it end when it has not after `withinMs`. */
  async stop(withinMs: number): Promise<Ending> {
    this.child.kill('SIGTERM');
    const isInTime = new AbortController();
    const overtime = delay(this.clock, withinMs, isInTime.signal).then((isLate) => {
      if (isLate) this.kill();
    });
    const ending = await this.ended;
    isInTime.abort();
    await overtime;
    return ending;
  }

  /** kill -9: nothing gets a chance to tidy up. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  private async nextMatch(pattern: RegExp, over: AbortSignal): Promise<RegExpExecArray> {
    for (const line of this.lines) {
      const match = pattern.exec(line);
      if (match !== null) return match;
    }
    return new Promise((resolve) => {
      const onLine = (line: string) => {
        const match = pattern.exec(line);
        if (match !== null) resolve(match);
      };
      this.events.on('line', onLine);
      over.addEventListener('abort', () => this.events.off('line', onLine), { once: true });
    });
  }

  private follow(stream: Readable | null): void {
    if (stream === null) return;
    createInterface({ input: stream }).on('line', (line) => {
      this.lines.push(line);
      if (this.lines.length > LINES_KEPT) this.lines.shift();
      this.events.emit('line', line);
    });
  }

  private refusal(what: string): Error {
    return new Error(`${this.name} ${what}:\n${this.log(20).join('\n')}`);
  }
}
