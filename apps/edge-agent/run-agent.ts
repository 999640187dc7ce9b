import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EdgeAgent, EdgeConnection, Outbox, OutboxUnusable, TokenRefused } from '@foreman/edge-sdk';
import type { AgentLog } from '@foreman/edge-sdk';
import { DomainError, RandomIds, SystemRandom } from '@foreman/kernel';
import type { Clock } from '@foreman/kernel';
import { agentExecutors } from './agent-executors';
import { AgentUpgrade } from './agent-upgrade';
import { AGENT_VERSION } from './agent-version';
import type { AgentSettings } from './config/agent-settings';
import { edgeCredential } from './credentials/edge-credential';
import { StateUnusable, TokenFile } from './credentials/token-file';
import { EXIT_CODES } from './exit-codes';

/** In the state directory. */
const OUTBOX_FILE = 'outbox.db';
/** In the state directory too: the agent's alone, emptied when it starts. */
const INPUT_FOLDER = 'inputs';

export interface AgentHost {
  readonly clock: Clock;
  readonly log: AgentLog;
  readonly platform: string;
  /** Calls back for every request to stop (a SIGTERM, say): the second one means at once. */
  readonly onStopRequest: (listener: () => void) => void;
}

/** Runs an agent from enrolment to its end; answers with its exit code and never throws. */
export async function runAgent(settings: AgentSettings, host: AgentHost): Promise<number> {
  const { clock, log, platform } = host;
  const random = new SystemRandom();
  const stopping = new AbortController();
  let agent: EdgeAgent | null = null;
  let outbox: Outbox | null = null;
  host.onStopRequest(() => {
    const isRepeated = stopping.signal.aborted;
    log.info({}, isRepeated ? 'stopping at once' : 'stopping');
    stopping.abort(new Error('the agent is stopping'));
    if (isRepeated) agent?.stopNow();
    else agent?.stop();
  });
  try {
    const executors = agentExecutors(settings, clock);
    // First of all: two agents with one state directory would also share a token.
    outbox = Outbox.open(join(settings.stateDirectory, OUTBOX_FILE), {
      clock,
      log,
      maxBytes: settings.outboxMaxBytes,
    });
    // What a process that was killed has left; the open outbox says that no other agent is using it.
    const inputFolder = join(settings.stateDirectory, INPUT_FOLDER);
    await rm(inputFolder, { recursive: true, force: true });
    const token = await edgeCredential(settings, {
      clock,
      random,
      log,
      platform,
      tokenFile: new TokenFile(settings.stateDirectory),
      signal: stopping.signal,
    });
    const connection = new EdgeConnection({
      baseUrl: settings.url,
      token,
      clock,
      // The parked poll, and for every slot its heartbeat and its upload.
      connections: 2 + 2 * settings.concurrency,
      userAgent: `foreman-edge-agent/${AGENT_VERSION}`,
    });
    const upgrade = new AgentUpgrade(settings, {
      clock,
      random,
      log,
      platform,
      finish: () => agent?.finish(),
    });
    agent = new EdgeAgent({
      connection,
      clock,
      random,
      ids: new RandomIds(),
      log,
      outbox,
      inputFolder,
      executors,
      concurrency: settings.concurrency,
      graceSeconds: settings.graceSeconds,
      agentVersion: AGENT_VERSION,
      releaseOffered: (release) => upgrade.offered(release),
    });
    if (stopping.signal.aborted) agent.stop();
    const { url, name, kinds, concurrency } = settings;
    log.info({ url, name, kinds, concurrency, agentVersion: AGENT_VERSION }, 'agent started');
    // Also when it ends by a fault: what is being fetched must not outlive it.
    await agent.run().finally(() => upgrade.stop());
    await connection.close();
    const isUpgrading = upgrade.isDue && !stopping.signal.aborted;
    log.info({ isUpgrading }, 'agent stopped');
    return isUpgrading ? EXIT_CODES.upgradeReady : EXIT_CODES.stopped;
  } catch (error) {
    if (stopping.signal.aborted && agent === null) return EXIT_CODES.stopped;
    return exitCodeOf(error, log);
  } finally {
    outbox?.close();
  }
}

function exitCodeOf(error: unknown, log: AgentLog): number {
  log.error({ reason: String(error) }, 'agent ended');
  if (error instanceof TokenRefused) return EXIT_CODES.tokenRefused;
  if (error instanceof StateUnusable || error instanceof OutboxUnusable) {
    return EXIT_CODES.stateUnusable;
  }
  return error instanceof DomainError ? EXIT_CODES.usage : EXIT_CODES.fault;
}
