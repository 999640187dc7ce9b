import type { EdgePrincipal } from '@foreman/edges';
import type { LeaseAnswer, LeaseRequest } from '../lease-request';
import { Leasing } from '../leasing';
import type { LeasingOptions } from '../leasing.options';
import { ParkedPolls } from '../polls/parked-polls';
import { LeasingLab } from './leasing-lab';

/** A call that may still be waiting. */
export interface LabPoll {
  readonly answer: Promise<LeaseAnswer>;
  isAnswered: boolean;
}

/** Lets everything that is under way in this process come to rest: groups commit on `setImmediate`. */
export async function rest(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
}

/** Long polls on the engine of a lab. */
export class PollLab {
  private constructor(readonly lab: LeasingLab) {}

  static async open(options: LeasingOptions = {}): Promise<PollLab> {
    return new PollLab(await LeasingLab.open(options));
  }

  get polls(): ParkedPolls {
    return this.lab.engine.get(ParkedPolls);
  }

  edge(overrides: Partial<EdgePrincipal> = {}): EdgePrincipal {
    return this.lab.edge(overrides);
  }

  /** Asks as an edge would, with 30 s to wait; does not wait itself. */
  ask(edge: EdgePrincipal, request: Partial<LeaseRequest> = {}): LabPoll {
    const whole = { max: 1, waitSeconds: 30, isResuming: false, idempotency: null, ...request };
    const poll: LabPoll = {
      answer: this.lab.engine.get(Leasing).lease(edge, whole),
      isAnswered: false,
    };
    const note = () => (poll.isAnswered = true);
    poll.answer.then(note, note);
    return poll;
  }

  /** The same, until it has come to rest: it is parked, unless there was something for it. */
  async park(edge: EdgePrincipal, request: Partial<LeaseRequest> = {}): Promise<LabPoll> {
    const poll = this.ask(edge, request);
    await rest();
    return poll;
  }

  /** Transactions from now on that are begun, those of submissions included. */
  countTransactions(): () => number {
    const runs = jest.spyOn(this.lab.engine.unitOfWork, 'run');
    return () => runs.mock.calls.length;
  }

  close(): Promise<void> {
    return this.lab.close();
  }
}

export const key = (value: string, path = 'tasks/next') => ({
  idempotency: { key: value, path },
});
