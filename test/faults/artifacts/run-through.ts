import { join } from 'node:path';
import { SystemClock, type Clock } from '@foreman/kernel';
import { GatewayProcess } from '../../e2e/harness/gateway-process';
import { errorLines } from '../error-lines';
import type { ArtifactsRecord, Kill } from './artifacts-record';
import type { ArtifactsSettings } from './artifacts-settings';
import { Ledger } from './ledger';
import { EdgeCalls } from './load/edge-calls';
import { GatewayLink } from './load/gateway-link';
import { KillTrigger } from './load/kill-trigger';
import { ServiceCalls } from './load/service-calls';
import { Worker } from './load/worker';
import { checkFile, countLeft } from './outcome/check-file';
import { checkVisible, type Visible } from './outcome/check-visible';
import { neverMet } from './outcome/never-met';
import { jobPlan } from './plan/job-plan';
import { killPlan } from './plan/kill-plan';
import { sweepLater } from './sweep-later';

/** Retention runs when it is called: so that a kill meets it, and not the looking that follows. */
const ONCE_A_YEAR = '0 0 1 1 *';
const HOUR_MS = 3_600_000;
/** Uploads that stood still are given up after an hour; inputs that no job holds have had their time. */
const SWEPT_AFTER_MS = 2 * HOUR_MS;
const LOG_CHARS = 400;
/** Every job and every input has had its time. */
const ALL_OVER_AFTER_MS = 365 * 24 * HOUR_MS;

/** Works, kills, looks, and goes on; at the end sweeps, and judges the file. */
export async function runThrough(
  settings: ArtifactsSettings,
  dataDir: string,
  onKill: (kill: Kill, number: number) => void = () => undefined,
): Promise<ArtifactsRecord> {
  const startedMs = performance.now();
  const run = new Run(settings, dataDir);
  try {
    const { kills, visible } = await run.killAllTheTime(onKill);
    run.findings.push(...visible.findings);
    const later = await sweepLater(dataDir, SWEPT_AFTER_MS, run.ledger);
    const file = join(dataDir, 'foreman.db');
    run.findings.push(...later.visible.findings, ...checkFile(file));
    const atLast = await sweepLater(dataDir, ALL_OVER_AFTER_MS, run.ledger);
    run.findings.push(...atLast.visible.findings, ...checkFile(file), ...leftIn(file));
    return {
      kills,
      jobs: run.ledger.jobs.length,
      cutCalls: run.link.cutCount,
      sweep: later.sweep,
      artifactsKept: later.visible.artifacts,
      seconds: (performance.now() - startedMs) / 1000,
      findings: [...run.findings, ...neverMet(kills, later.sweep)],
    };
  } finally {
    await run.end();
  }
}

function leftIn(file: string): string[] {
  return Object.entries(countLeft(file))
    .filter(([, count]) => count > 0)
    .map(([table, count]) => `when all is over, ${table} still has ${count} rows`);
}

/** One gateway after the other on the same folder, and those who call them. */
class Run {
  readonly findings: string[] = [];
  readonly ledger = new Ledger();
  readonly link = new GatewayLink();
  private readonly trigger = new KillTrigger();
  private readonly clock: Clock = new SystemClock();
  private gateway: GatewayProcess | null = null;

  constructor(
    private readonly settings: ArtifactsSettings,
    private readonly dataDir: string,
  ) {}

  /** Until every kill is done; then all that was begun is brought to its end, and looked at once more. */
  async killAllTheTime(
    onKill: (kill: Kill, number: number) => void,
  ): Promise<{ kills: Kill[]; visible: Visible }> {
    let gateway = await this.start();
    const workers = await this.makeWorkers(gateway);
    const working = Promise.all(workers.map((worker) => worker.run()));
    // Whoever cannot go on ends the run: else its kills would meet nothing.
    const failed = working.then(() => new Promise<never>(() => undefined));
    this.link.open(gateway);
    const kills: Kill[] = [];
    for (let number = 0; number < this.settings.kills; number += 1) {
      const plan = killPlan(this.settings.seed, number);
      await Promise.race([this.trigger.untilItIsTime(plan), failed]);
      const underWay = this.link.close();
      await this.kill(gateway);
      gateway = await this.start();
      const visible = await this.look(gateway);
      this.findings.push(...visible.findings.map((finding) => `after kill ${number}: ${finding}`));
      const kill = { plan, underWay, artifactsRead: visible.artifacts };
      kills.push(kill);
      onKill(kill, number);
      this.link.open(gateway);
    }
    for (const worker of workers) worker.stop();
    await working;
    const visible = await this.look(gateway);
    const ending = await gateway.terminate();
    if (ending.code !== 0) this.findings.push(`the gateway ended with ${JSON.stringify(ending)}`);
    return { kills, visible };
  }

  async end(): Promise<void> {
    this.link.close();
    await this.gateway?.kill();
  }

  private async start(): Promise<GatewayProcess> {
    const settings = { FOREMAN_RETENTION_CRON: ONCE_A_YEAR };
    const gateway = await GatewayProcess.start(this.dataDir, settings);
    this.gateway = gateway;
    return gateway;
  }

  private async kill(gateway: GatewayProcess): Promise<void> {
    await gateway.kill();
    const errors = errorLines(gateway.output());
    this.findings.push(...errors.map((line) => `the gateway logged: ${line.slice(0, LOG_CHARS)}`));
  }

  private async makeWorkers(gateway: GatewayProcess): Promise<Worker[]> {
    const { link, trigger, ledger, clock } = this;
    const service = new ServiceCalls(link, trigger, gateway.adminToken);
    const { seed, workers: count } = this.settings;
    const workers: Worker[] = [];
    for (let number = 0; number < count; number += 1) {
      const kind = `faults-${number}`;
      const { token } = await gateway.enrolEdge([kind]);
      const edge = new EdgeCalls(link, trigger, token);
      const onFinding = (finding: string) => this.findings.push(finding);
      const planOf = (job: number) => jobPlan(seed, number, job);
      const parts = { name: kind, kind, planOf, edge, service, ledger, clock, onFinding };
      workers.push(new Worker(parts));
    }
    return workers;
  }

  private look({ baseUrl, adminToken }: GatewayProcess): Promise<Visible> {
    return checkVisible({ baseUrl, adminToken, nowMs: this.clock.now() }, this.ledger);
  }
}
