import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExchangeJournal } from './exchange-journal';
import type { Fault } from './fault-plan';
import { GatewaySide } from './gateway-side';
import { HttpFraming, type HttpMessage } from './http-framing';
import type { LateDuplicates } from './late-duplicates';

/** What a connection needs to know of its link. */
export interface ConnectionSettings {
  readonly link: string;
  readonly gatewayPort: number;
  readonly journal: ExchangeJournal;
  readonly duplicates: LateDuplicates;
  /** Asked once for each exchange. */
  readonly nextFault: (request: HttpMessage) => Fault | null;
}

/**
 * One connection of a caller, with its own connection to the gateway behind it, as a TCP proxy has them. A request is
 * read whole, its fault drawn, and then it happens: on the way there, on the way back, or later.
 */
export class ClientSide {
  private readonly framing = new HttpFraming('requests');
  private readonly gateway: GatewaySide;
  private turn: Promise<void> = Promise.resolve();
  /** The caller has gone, but the gateway is not to see it yet. */
  private isHalfGone = false;

  constructor(
    private readonly socket: Socket,
    private readonly settings: ConnectionSettings,
  ) {
    this.gateway = new GatewaySide(settings.gatewayPort, () => this.socket.destroy());
    socket.setNoDelay();
    socket.on('error', () => undefined);
    socket.once('close', () => {
      if (!this.isHalfGone) this.gateway.destroy();
    });
    socket.on('data', (bytes: Buffer) => {
      for (const request of this.framing.push(bytes)) {
        this.turn = this.turn.then(() => this.exchange(request));
      }
    });
  }

  /** The caller's end is gone at once; the gateway does not hear of it before it has answered what it was asked. */
  loseCaller(): void {
    this.isHalfGone = true;
    this.socket.destroy();
    void this.turn.then(() => this.gateway.destroy());
  }

  destroy(): void {
    this.socket.destroy();
    this.gateway.destroy();
  }

  private async exchange(request: HttpMessage): Promise<void> {
    const fault = this.settings.nextFault(request);
    switch (fault?.kind) {
      case 'request dropped':
        return this.destroy();
      case 'request cut':
        this.isHalfGone = true;
        this.gateway.endWith(beginningOf(request, fault));
        this.socket.destroy();
        return;
      case 'request delayed':
        await sleep(fault.lateMs);
        break;
      case 'duplicated':
      case 'duplicated, answer dropped':
        this.settings.duplicates.schedule(this.settings.link, request, fault.lateMs);
        break;
      default:
    }
    const answer = await this.forward(request);
    if (answer === null) return this.destroy();
    await this.giveBack(answer, fault);
  }

  private async forward(request: HttpMessage): Promise<HttpMessage | null> {
    const { journal, link } = this.settings;
    const sentMs = performance.now();
    const answer = await this.gateway.ask(request);
    const answeredMs = performance.now();
    journal.answered(link, request, answer, { sentMs, answeredMs, isDuplicate: false });
    return answer;
  }

  private async giveBack(answer: HttpMessage, fault: Fault | null): Promise<void> {
    switch (fault?.kind) {
      case 'answer dropped':
      case 'duplicated, answer dropped':
        return this.destroy();
      case 'answer cut':
        this.socket.end(beginningOf(answer, fault), () => this.destroy());
        return;
      case 'answer delayed':
        await sleep(fault.lateMs);
        break;
      default:
    }
    this.socket.write(answer.bytes);
  }
}

/** At least a byte of it, and never all. */
function beginningOf({ bytes }: HttpMessage, { cutAt }: Fault): Buffer {
  return bytes.subarray(
    0,
    Math.max(1, Math.min(bytes.length - 1, Math.ceil(bytes.length * cutAt))),
  );
}
