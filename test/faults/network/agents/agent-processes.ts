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

type StartOrder = Extract<AgentsOrder, { start: unknown }>;

/** The agents, in processes of this same program. */
export class AgentProcesses {
  private constructor(private readonly groups: AgentGroupProcess[]) {}

  static async start(agents: readonly AgentPlace[], folder: string): Promise<AgentProcesses> {
    const groups: AgentGroupProcess[] = [];
    for (let first = 0; first < agents.length; first += AGENTS_A_PROCESS) {
      const own = join(folder, `group-${groups.length}`);
      await mkdir(own, { recursive: true });
      const group = agents.slice(first, first + AGENTS_A_PROCESS);
      groups.push(new AgentGroupProcess({ start: { agents: group, folder: own } }));
    }
    return new AgentProcesses(groups);
  }

  get groupCount(): number {
    return this.groups.length;
  }

  /** kill -9 for a group, in the middle of what it does; the same agents start again at once, on the same files. */
  async crash(group: number): Promise<void> {
    await this.groups[group]?.crash();
  }

  /** Stops them all and waits for their ends. Answers what they have to say. */
  async stop(): Promise<AgentsNotice> {
    const notices = await Promise.all(this.groups.map((group) => group.stop()));
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
    for (const group of this.groups) group.kill();
  }
}

class AgentGroupProcess {
  private child: ChildProcess;

  constructor(private readonly order: StartOrder) {
    this.child = this.begun();
  }

  async crash(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
    this.child = this.begun();
  }

  async stop(): Promise<AgentsNotice> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return ENDED_EARLY;
    const ended = once(child, 'exit');
    const notice = once(child, 'message').then(([message]) => message as AgentsNotice);
    tell(child, { stop: true });
    const result = await Promise.race([notice, ended.then(() => ENDED_EARLY)]);
    await ended;
    return result;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private begun(): ChildProcess {
    const program = process.argv[1];
    if (program === undefined) throw new Error('The run does not know its own program');
    const child = fork(program, [AGENTS_PROGRAM]);
    tell(child, this.order);
    return child;
  }
}

function tell(child: ChildProcess, order: AgentsOrder): void {
  child.send(order);
}
