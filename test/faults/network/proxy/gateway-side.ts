import { connect, type Socket } from 'node:net';
import { HttpFraming, type HttpMessage } from './http-framing';

/** One connection of the proxy to the gateway; one request at a time. */
export class GatewaySide {
  private readonly framing = new HttpFraming('answers');
  private readonly socket: Socket;
  private whenAnswered: ((answer: HttpMessage | null) => void) | null = null;

  constructor(
    port: number,
    private readonly whenClosed: () => void,
  ) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (bytes: Buffer) => this.received(bytes));
    // What went wrong does not matter: 'close' follows.
    this.socket.on('error', () => undefined);
    this.socket.once('end', () => this.settle(this.framing.end()));
    this.socket.once('close', () => {
      this.settle(null);
      this.whenClosed();
    });
  }

  /** Settles with the whole answer, or with null when the connection ended before. */
  ask(request: HttpMessage): Promise<HttpMessage | null> {
    return new Promise((resolve) => {
      if (this.socket.destroyed) return resolve(null);
      this.whenAnswered = resolve;
      this.socket.write(request.bytes);
    });
  }

  /** Sends these bytes and no more. */
  endWith(bytes: Buffer): void {
    this.socket.end(bytes);
  }

  destroy(): void {
    this.socket.destroy();
  }

  private received(bytes: Buffer): void {
    for (const message of this.framing.push(bytes)) {
      // An interim answer is not the answer.
      if (!/^HTTP\/1\.1 1\d\d/.test(message.startLine)) this.settle(message);
    }
  }

  private settle(answer: HttpMessage | null): void {
    const resolve = this.whenAnswered;
    this.whenAnswered = null;
    resolve?.(answer);
  }
}
