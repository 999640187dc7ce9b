import { FakeClock, Receiver } from '@foreman/testing';
import { buildConnector } from 'undici';
import type { ConnectorFactory } from '../posting/checked-connection';
import type { PostOutcome } from '../posting/post-outcome';
import { WebhookPoster } from '../posting/webhook-poster';
import { TargetPolicy, type TargetPolicyOptions } from '../target/target-policy';
import { LoopbackNetwork, type Routes } from './loopback-network';

/** The guard off: everything is an allowed network, and nothing is denied. */
export const GUARD_OFF: TargetPolicyOptions = {
  allowedNetworks: ['0.0.0.0/0', '::/0'],
  deniedPorts: [],
  deniedHosts: [],
};
export const HARMLESS = '9.9.9.9';
/** The guard on. One address may use http: so that http alone refuses nothing before the addresses are looked at. */
export const GUARD_ON: TargetPolicyOptions = { ...GUARD_OFF, allowedNetworks: [HARMLESS] };

/** What a resolver answers: for each name its answers in turn, the last one for ever. */
type Names = Readonly<Record<string, readonly (readonly string[])[]>>;

interface Way {
  readonly url: string;
  readonly names?: Names;
  /** Default: the guard is on. */
  readonly policy?: TargetPolicyOptions;
  /** Absent: the system's own sockets. */
  readonly connector?: ConnectorFactory;
  readonly authorities?: readonly string[];
}

/** Shows that a target is reached without the guard, and not with it. */
export class GuardLab {
  /** Connections that were begun. */
  private dials = 0;

  private constructor(readonly receiver: Receiver) {}

  static async open(): Promise<GuardLab> {
    return new GuardLab(await Receiver.start());
  }

  async close(): Promise<void> {
    await this.receiver.stop();
  }

  /** All its addresses lead to the receiver. */
  network(routes: Routes = {}): LoopbackNetwork {
    return new LoopbackNetwork(() => this.receiver.port, routes);
  }

  async post({ url, names, policy, connector, authorities }: Way): Promise<PostOutcome> {
    const poster = new WebhookPoster(new TargetPolicy(policy ?? GUARD_ON), new FakeClock(), {
      timeoutMs: 15_000,
      certificateAuthorities: authorities ?? null,
      resolve: resolverOf(names ?? {}),
      connector: this.counting(connector ?? buildConnector),
    });
    const running = new AbortController();
    return poster.post({ url, headers: {}, body: Buffer.from('{}') }, running.signal);
  }

  /** Posts with the guard off, then with it on, and tells what was dialled and what arrived for each. */
  async tryBoth(way: Way): Promise<Tried> {
    const { statusCode } = await this.post({ ...way, policy: GUARD_OFF });
    const withoutGuard = { statusCode, arrived: this.receiver.posts.length, dials: this.dials };
    const refusal = refusalOf(await this.post(way));
    const arrived = this.receiver.posts.length - withoutGuard.arrived;
    return {
      withoutGuard,
      withGuard: { refusal, arrived, dials: this.dials - withoutGuard.dials },
    };
  }

  private counting(factory: ConnectorFactory): ConnectorFactory {
    return (options) => {
      const connect = factory(options);
      return (target, callback) => {
        this.dials += 1;
        connect(target, callback);
      };
    };
  }
}

interface Tried {
  readonly withoutGuard: {
    readonly statusCode: number | null;
    readonly arrived: number;
    readonly dials: number;
  };
  readonly withGuard: {
    readonly refusal: string;
    readonly arrived: number;
    readonly dials: number;
  };
}

/** Why the guard refused it before anything was connected to; for any other outcome that outcome, which is no reason. */
export function refusalOf({ statusCode, errorClass, errorDetail, address }: PostOutcome): string {
  const isRefused = statusCode === null && address === null && errorClass === 'target_refused';
  return isRefused ? (errorDetail ?? '') : JSON.stringify({ statusCode, errorClass, address });
}

/** Names without an answer have no address, but for those of this machine, as everywhere. */
export function resolverOf(names: Names): (host: string) => Promise<string[]> {
  const asked = new Map<string, number>();
  return async (host) => {
    const answers = names[host] ?? (/(^|\.)localhost$/.test(host) ? [['127.0.0.1']] : []);
    const turn = asked.get(host) ?? 0;
    asked.set(host, turn + 1);
    return [...(answers[Math.min(turn, answers.length - 1)] ?? [])];
  };
}
