import { connect, type Socket } from 'node:net';
import { eventually } from '@foreman/testing';

/** A call whose bytes the test sends, and reads, when it likes to. */
export class OpenCall {
  text = '';
  isClosed = false;
  private readonly socket: Socket;

  constructor(
    baseUrl: string,
    token: string,
    [call, ...headers]: readonly [string, ...string[]],
    body = '',
  ) {
    const { hostname, port } = new URL(baseUrl);
    this.socket = connect(Number(port), hostname);
    this.socket.setEncoding('latin1').on('error', () => undefined);
    this.socket.on('close', () => (this.isClosed = true));
    const lines = [`${call} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${token}`, ...headers];
    this.socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  }

  get status(): number {
    return Number(this.text.slice(9, 12));
  }

  read(): this {
    this.socket.on('data', (text: string) => (this.text += text));
    return this;
  }

  /** Whoever is cut off has closed: what is written then goes nowhere. */
  async finish(body: string): Promise<void> {
    if (!this.isClosed) this.socket.write(body);
    await eventually('the call is over', () => this.isClosed);
  }

  drop(): void {
    this.socket.destroy();
  }
}
