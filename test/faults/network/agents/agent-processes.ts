import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AGENTS_PROGRAM,
  type AgentPlace,
  type AgentsNotice,
  type AgentsOrder,
} from './agents.protocol';

const AGENTS_A_PROCESS = 16;

const ENDED_EARLY: AgentsNotice = {
  faults: ['a process of agents ended early'],
  errors: [],
  lostLeaseCount: 0,
  droppedEntryCount: 0,
};

/** The agents, in processes of this same program. */
export class AgentProcesses {
  private constructor(private readonly children: readonly ChildProcess[]) {}

  static async start(agents: readonly AgentPlace[], folder: string): Promise<AgentProcesses> {
    const program = process.argv[1];
    if (program === undefined) throw new Error('The run does not know its own program');
    const children: ChildProcess[] = [];
    for (let first = 0; first < agents.length; first += AGENTS_A_PROCESS) {
      const own = join(folder, `agents-${first}`);
      await mkdir(own, { recursive: true });
      const child = fork(program, [AGENTS_PROGRAM]);
      tell(child, {
        start: { agents: agents.slice(first, first + AGENTS_A_PROCESS), folder: own },
      });
      children.push(child);
    }
    return new AgentProcesses(children);
  }

  /** Stops them all and waits for their ends. Answers what they have to say. */
  async stop(): Promise<AgentsNotice> {
    const notices = await Promise.all(this.children.map(stopped));
    const sum = (count: (notice: AgentsNotice) => number) =>
      notices.reduce((total, notice) => total + count(notice), 0);
    return {
      faults: notices.flatMap(({ faults }) => faults),
      errors: notices.flatMap(({ errors }) => errors),
      lostLeaseCount: sum(({ lostLeaseCount }) => lostLeaseCount),
      droppedEntryCount: sum(({ droppedEntryCount }) => droppedEntryCount),
    };
  }

  kill(): void {
    for (const child of this.children) child.kill('SIGKILL');
  }
}

function tell(child: ChildProcess, order: AgentsOrder): void {
  child.send(order);
}

async function stopped(child: ChildProcess): Promise<AgentsNotice> {
  if (child.exitCode !== null || child.signalCode !== null) return ENDED_EARLY;
  const ended = once(child, 'exit');
  const notice = once(child, 'message').then(([message]) => message as AgentsNotice);
  tell(child, { stop: true });
  const result = await Promise.race([notice, ended.then(() => ENDED_EARLY)]);
  await ended;
  return result;
}
