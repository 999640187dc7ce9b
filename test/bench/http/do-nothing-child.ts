import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpuOf, type CpuMeter } from '../measure/cpu-meter';
import { DO_NOTHING, type DoNothingNotice, type DoNothingOrder } from './do-nothing.protocol';

/** The do-nothing server as a child process, as the gateway is one. */
export class DoNothingChild {
  private constructor(
    private readonly child: ChildProcess,
    readonly origin: string,
    readonly cpu: CpuMeter,
  ) {}

  static async start(): Promise<DoNothingChild> {
    const program = process.argv[1];
    if (program === undefined) throw new Error('The bench does not know its own program');
    const child = fork(program, [DO_NOTHING]);
    const notice = await noticeOf(child);
    if (!('port' in notice)) throw new Error('The do-nothing server did not say its port');
    return new DoNothingChild(child, `http://127.0.0.1:${notice.port}`, cpuOf(child.pid ?? 0));
  }

  /** Settles when it answers as ordered. */
  async order(order: DoNothingOrder): Promise<void> {
    const notice = noticeOf(this.child);
    this.child.send(order);
    await notice;
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
  }
}

async function noticeOf(child: ChildProcess): Promise<DoNothingNotice> {
  const message = once(child, 'message').then(([notice]) => notice as DoNothingNotice);
  const ending = once(child, 'exit').then(() => {
    throw new Error('The do-nothing server has ended');
  });
  return Promise.race([message, ending]);
}
