import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayProcess } from '../../e2e/harness/gateway-process';
import { GatewayLink } from '../artifacts/load/gateway-link';
import { errorLines } from '../error-lines';
import { groupedBy } from './grouped-by';
import type { Ledger } from './ledger';
import { freePort } from './load/free-port';
import { KillTrigger } from './load/kill-trigger';
import { Receivers } from './load/receivers';
import { EVENTS_A_JOB, Service } from './load/service';
import { checkArrivals } from './outcome/check-arrivals';
import { checkDeliveries } from './outcome/check-deliveries';
import { neverMet } from './outcome/never-met';
import { killPlan } from './plan/kill-plan';
import type { Kill, WebhooksRecord } from './webhooks-record';
import type { WebhooksSettings } from './webhooks-settings';

const WORKERS = 4;
/** Retries come soon, and are more than an event is refused: none is given up. */
const RETRY_SECONDS = Array.from({ length: 20 }, () => 1).join(',');
/** A dead gateway's claims lapse after 20 s, and a host that hung has its posts one by one for a while. */
const ALL_RECORDED_WITHIN_MS = 240_000;
const LOOK_EVERY_MS = 200;
const LOG_CHARS = 400;

/** Works, kills and starts again; waits until all is delivered; judges what arrived, and the file. */
export async function runThrough(
  settings: WebhooksSettings,
  dataDir: string,
  onKill: (kill: Kill, number: number) => void = () => undefined,
): Promise<WebhooksRecord> {
  const startedMs = performance.now();
  const run = new Run(settings, dataDir);
  try {
    const kills = await run.killAllTheTime(onKill);
    const { ledger, link, receivers, owed } = run;
    const answers = new Map(
      [...groupedBy(receivers.arrivals, ({ answer }) => answer)].map(
        ([answer, { length }]) => [answer, length] as const,
      ),
    );
    return {
      kills,
      jobs: ledger.jobs.length,
      owed,
      arrivals: ledger.arrivals.length,
      repeated: repeatedOf(ledger),
      answers,
      cutCalls: link.cutCount,
      seconds: (performance.now() - startedMs) / 1000,
      findings: [
        ...run.findings,
        ...checkArrivals(ledger),
        ...checkDeliveries(join(dataDir, 'foreman.db'), ledger),
        ...neverMet(kills, settings.kills, answers, owed),
      ],
    };
  } finally {
    await run.end();
  }
}

function repeatedOf({ arrivals }: Ledger): number {
  const taken = new Set<string>();
  let repeated = 0;
  for (const { path, id, answer } of arrivals) {
    if (taken.has(`${path} ${id}`)) repeated += 1;
    if (answer === 'ok' || answer === 'late') taken.add(`${path} ${id}`);
  }
  return repeated;
}

/** One gateway after the other on the same folder, with those around it. */
class Run {
  readonly findings: string[] = [];
  readonly link = new GatewayLink();
  private readonly trigger = new KillTrigger();
  private readonly port = freePort();
  readonly receivers: Receivers;
  readonly ledger: Ledger;
  private service: Service | null = null;
  private gateway: GatewayProcess | null = null;

  constructor(
    private readonly settings: WebhooksSettings,
    private readonly dataDir: string,
  ) {
    this.receivers = new Receivers(settings.seed, (moment) => this.trigger.pass(moment));
    this.ledger = { endpoints: [], jobs: [], arrivals: this.receivers.arrivals };
  }

  get owed(): number {
    return this.service?.owed() ?? 0;
  }

  /** Until every kill is done, every job has ended, and every delivery is recorded. */
  async killAllTheTime(onKill: (kill: Kill, number: number) => void): Promise<Kill[]> {
    await this.receivers.start();
    let gateway = await this.start();
    const pass = (moment: Parameters<KillTrigger['pass']>[0]) => this.trigger.pass(moment);
    const { link, receivers, ledger } = this;
    this.link.open(gateway);
    const service = new Service(
      link,
      gateway.adminToken,
      receivers,
      ledger,
      this.settings.seed,
      pass,
    );
    this.service = service;
    await service.makeEndpoints();
    const working = this.work(service);
    // Whoever cannot go on ends the run: else its kills would meet nothing.
    const failed = working.then(() => new Promise<never>(() => undefined));
    const kills: Kill[] = [];
    for (let number = 0; number < this.settings.kills; number += 1) {
      const plan = killPlan(this.settings, number);
      await Promise.race([this.trigger.untilItIsTime(plan), failed]);
      link.close();
      const kill = { plan, openPosts: receivers.open };
      await this.kill(gateway);
      kills.push(kill);
      onKill(kill, number);
      gateway = await this.start();
      link.open(gateway);
    }
    await working;
    await this.untilAllIsRecorded(gateway);
    const ending = await gateway.terminate();
    if (ending.code !== 0) this.findings.push(`the gateway ended with ${JSON.stringify(ending)}`);
    this.noteErrors(gateway);
    return kills;
  }

  async end(): Promise<void> {
    this.link.close();
    await this.gateway?.kill();
    await this.receivers.stop();
  }

  private async work(service: Service): Promise<void> {
    const jobs = Math.ceil(this.settings.deliveries / EVENTS_A_JOB);
    let next = 0;
    const worker = async () => {
      while (next < jobs) await service.work(next++);
    };
    await Promise.all(Array.from({ length: WORKERS }, worker));
  }

  private async untilAllIsRecorded(gateway: GatewayProcess): Promise<void> {
    const endMs = performance.now() + ALL_RECORDED_WITHIN_MS;
    while (performance.now() < endMs) {
      const path = '/admin/deliveries?status=pending&limit=1';
      const { body } = await gateway.asAdmin<{ items: unknown[] }>('GET', path);
      if (body.items.length === 0 && this.receivers.events >= this.owed) return;
      await sleep(LOOK_EVERY_MS);
    }
    this.findings.push(`not everything was delivered within ${ALL_RECORDED_WITHIN_MS / 1000} s`);
  }

  private async start(): Promise<GatewayProcess> {
    const gateway = await GatewayProcess.start(this.dataDir, {
      FOREMAN_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
      FOREMAN_WEBHOOK_RETRY_SECONDS: RETRY_SECONDS,
      // In the links of every body: a gateway that comes back on another port would tell the same in other bytes.
      PORT: String(await this.port),
    });
    this.gateway = gateway;
    return gateway;
  }

  private async kill(gateway: GatewayProcess): Promise<void> {
    await gateway.kill();
    this.noteErrors(gateway);
  }

  private noteErrors(gateway: GatewayProcess): void {
    const errors = errorLines(gateway.output());
    this.findings.push(...errors.map((line) => `the gateway logged: ${line.slice(0, LOG_CHARS)}`));
  }
}
