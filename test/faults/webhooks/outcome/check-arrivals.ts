import { createHmac } from 'node:crypto';
import { groupedBy } from '../grouped-by';
import type { Arrival, Ledger } from '../ledger';
import { toldEvent, type ToldEvent } from '../told-event';

const SHOWN = 60;

type Told = Arrival & { readonly event: ToldEvent };

/**
 * What is wrong with what arrived. Every event came at least once to each endpoint that it was owed to; each time
 * under one id, with the same bytes, rightly signed; `seq` tells the order of a job's runs; nothing else came.
 */
export function checkArrivals(ledger: Ledger): string[] {
  const findings: string[] = [];
  const told: Told[] = [];
  for (const arrival of ledger.arrivals) {
    findings.push(...signatureFindings(arrival, ledger));
    const event = toldEvent(arrival.body);
    if (event === null) findings.push(`${arrival.path}: no event: ${arrival.body.slice(0, SHOWN)}`);
    else told.push({ ...arrival, event });
  }
  const arrivalsOf = groupedBy(told, ({ path, event }) => nameOf(path, event.jobId, event.run));
  for (const name of expectedNames(ledger)) {
    const arrivals = arrivalsOf.get(name);
    if (arrivals === undefined) findings.push(`${name} never arrived`);
    else findings.push(...sameness(name, arrivals));
    arrivalsOf.delete(name);
  }
  for (const name of arrivalsOf.keys()) findings.push(`${name} arrived, and is owed to nobody`);
  return [...findings, ...order(told), ...ids(told)];
}

/** One event, to one endpoint. */
function nameOf(path: string, jobId: string, run: number): string {
  return `${path}: job ${jobId}, run ${run}`;
}

function expectedNames({ jobs }: Ledger): string[] {
  return jobs.flatMap(({ jobId, runs, paths }) =>
    paths.flatMap((path) =>
      Array.from({ length: runs }, (_, index) => nameOf(path, jobId, index + 1)),
    ),
  );
}

/** By the specification, and by nothing of ours. */
function signatureFindings({ path, id, timestamp, signature, body }: Arrival, ledger: Ledger) {
  const secret = ledger.endpoints.find((endpoint) => endpoint.path === path)?.secret;
  if (secret === undefined) return [`${path} is nobody's`];
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const right = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return signature.split(' ').includes(`v1,${right}`) ? [] : [`${path}: ${id} is wrongly signed`];
}

function sameness(name: string, arrivals: readonly Told[]): string[] {
  const findings: string[] = [];
  if (new Set(arrivals.map(({ id }) => id)).size > 1) findings.push(`${name} has several ids`);
  if (new Set(arrivals.map(({ body }) => body)).size > 1) findings.push(`${name} has other bytes`);
  if (arrivals.some(({ event }) => event.type !== 'job.cancelled')) {
    findings.push(`${name} is of another type`);
  }
  return findings;
}

/** A later run of a job has a higher `seq`. */
function order(told: readonly Told[]): string[] {
  const findings = new Set<string>();
  for (const [jobId, ofJob] of groupedBy(told, ({ event }) => event.jobId)) {
    const byRun = ofJob.map(({ event }) => event).toSorted((a, b) => a.run - b.run);
    for (const [index, event] of byRun.entries()) {
      const before = byRun[index - 1];
      const isLater = before !== undefined && event.run > before.run;
      if (before !== undefined && isLater !== event.seq > before.seq) {
        findings.add(
          `job ${jobId}: seq ${before.seq} and ${event.seq} in runs ${before.run} and ${event.run}`,
        );
      }
    }
  }
  return [...findings];
}

/** An event has one id for all its endpoints, and no other event has that. */
function ids(told: readonly Told[]): string[] {
  const findings: string[] = [];
  const eventOf = ({ event }: Told) => `job ${event.jobId}, run ${event.run}`;
  for (const [event, arrivals] of groupedBy(told, eventOf)) {
    const count = new Set(arrivals.map(({ id }) => id)).size;
    if (count > 1) findings.push(`${event} has ${count} ids over its endpoints`);
  }
  for (const [id, arrivals] of groupedBy(told, (arrival) => arrival.id)) {
    const count = new Set(arrivals.map(eventOf)).size;
    if (count > 1) findings.push(`${id} is the id of ${count} events`);
  }
  return findings;
}
