import type { Fault, FaultKind } from './fault-plan';
import type { HttpMessage } from './http-framing';

/** One request that reached the gateway, seen from outside of it. */
export interface JournalEntry {
  readonly link: string;
  readonly method: string;
  readonly path: string;
  readonly leaseToken: string | null;
  readonly idempotencyKey: string | null;
  readonly isDuplicate: boolean;
  /** The tokens of the leases that the answer gave. */
  readonly leasesGiven: readonly string[];
  /** When its last byte was handed to the gateway's connection, and when its answer was whole; monotonic, in ms. */
  readonly sentMs: number;
  readonly answeredMs: number;
  /** Null: there was none. */
  readonly status: number | null;
}

/** The calls that may lease. */
const LEASING = /^\/internal\/edges\/tasks\/(?:next|lease|[^/]+\/complete)\b/;
const LEASE_TOKEN = /"leaseToken":"([^"]+)"/g;

/** All that went through the proxy, for the report and for the judge. */
export class ExchangeJournal {
  readonly entries: JournalEntry[] = [];
  readonly faults = new Map<string, Map<FaultKind, number>>();
  exchangeCount = 0;
  outageCount = 0;

  /** An exchange has begun, and this will happen to it. */
  drawn(request: HttpMessage, fault: Fault | null): void {
    this.exchangeCount += 1;
    if (fault === null) return;
    const call = callOf(request);
    const ofCall = this.faults.get(call) ?? new Map<FaultKind, number>();
    ofCall.set(fault.kind, (ofCall.get(fault.kind) ?? 0) + 1);
    this.faults.set(call, ofCall);
  }

  answered(
    link: string,
    request: HttpMessage,
    answer: HttpMessage | null,
    seen: Pick<JournalEntry, 'sentMs' | 'answeredMs' | 'isDuplicate'>,
  ): void {
    const [method = '', path = ''] = request.startLine.split(' ');
    this.entries.push({
      link,
      method,
      path,
      leaseToken: request.headers.get('foreman-lease') ?? null,
      idempotencyKey: request.headers.get('idempotency-key') ?? null,
      status: answer === null ? null : Number(answer.startLine.split(' ')[1]),
      leasesGiven: answer !== null && LEASING.test(path) ? leasesIn(answer) : [],
      ...seen,
    });
  }

  /** How often this happened, to whatever call. */
  faultCount(kind: FaultKind): number {
    return [...this.faults.values()].reduce((sum, ofCall) => sum + (ofCall.get(kind) ?? 0), 0);
  }
}

function leasesIn({ bytes }: HttpMessage): string[] {
  return [...bytes.toString('utf8').matchAll(LEASE_TOKEN)].map(([, token = '']) => token);
}

/** `POST /internal/edges/tasks/:id/complete`: the call, whatever it is about. */
function callOf({ startLine }: HttpMessage): string {
  const [method, target = ''] = startLine.split(' ');
  const path = target.replace(/\?.*/, '').replace(/\/[0-9a-f]{8}-[0-9a-f-]{27}/g, '/:id');
  return `${method} ${path}`;
}
