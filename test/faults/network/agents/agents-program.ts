import { join } from 'node:path';
import { EdgeAgent, EdgeConnection, Outbox, type AgentLog } from '@foreman/edge-sdk';
import { RandomIds, SystemClock, SystemRandom } from '@foreman/kernel';
import { faultTestExecutor } from '../work/fault-test-executor';
import type { AgentPlace, AgentsNotice, AgentsOrder } from './agents.protocol';

/** Of long polls: short, so that many of them meet a fault. */
const WAIT_SECONDS = 5;

/** The clock's timers do not keep a process alive. */
const ALIVE_EVERY_MS = 60_000;

/** A process of several real agents, until its parent says stop, or has gone. */
export async function runAgents(): Promise<void> {
  const group = new AgentGroup();
  process.once('disconnect', () => process.exit(1));
  setInterval(() => undefined, ALIVE_EVERY_MS);
  await new Promise<void>((resolve) => {
    process.on('message', (order: AgentsOrder) => {
      if ('start' in order) group.start(order.start.agents, order.start.folder);
      else resolve();
    });
  });
  const notice: AgentsNotice = await group.stop();
  process.send?.(notice, () => process.exit(0));
}

class AgentGroup {
  private readonly clock = new SystemClock();
  private readonly agents: EdgeAgent[] = [];
  private readonly running: Promise<void>[] = [];
  private readonly faults: string[] = [];
  private readonly errors: string[] = [];
  private lostLeaseCount = 0;
  private droppedEntryCount = 0;

  start(places: readonly AgentPlace[], folder: string): void {
    for (const place of places) {
      const ended = this.run(place, folder).catch((error: unknown) => {
        this.faults.push(`${place.name}: ${String(error)}`);
      });
      this.running.push(ended);
    }
  }

  async stop(): Promise<AgentsNotice> {
    for (const agent of this.agents) agent.stop();
    await Promise.all(this.running);
    const { faults, errors, lostLeaseCount, droppedEntryCount } = this;
    return { faults, errors, lostLeaseCount, droppedEntryCount };
  }

  private async run(place: AgentPlace, folder: string): Promise<void> {
    const { clock } = this;
    const { name, baseUrl, token, concurrency } = place;
    const log = this.logOf(name);
    const connection = new EdgeConnection({ baseUrl, token, clock });
    const outbox = Outbox.open(join(folder, `${name}.db`), { clock, log });
    const agent = new EdgeAgent({
      clock,
      random: new SystemRandom(),
      ids: new RandomIds(),
      log,
      connection,
      outbox,
      onLeaseLost: ({ entries }) => {
        this.lostLeaseCount += 1;
        this.droppedEntryCount += entries;
      },
      executors: [faultTestExecutor(clock)],
      concurrency,
      waitSeconds: WAIT_SECONDS,
    });
    this.agents.push(agent);
    try {
      await agent.run();
    } finally {
      outbox.close();
      await connection.close();
    }
  }

  /** That calls fail is what this is about; what an agent calls an error is worth a line. */
  private logOf(name: string): AgentLog {
    const silent = () => undefined;
    return {
      debug: silent,
      info: silent,
      warn: silent,
      error: (fields, message) => this.errors.push(`${name}: ${message} ${JSON.stringify(fields)}`),
    };
  }
}
