import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Receiver } from '@foreman/testing';
import type { WebhooksOptions } from '../webhooks.options';
import { LONG_AGO, selfSigned } from './self-signed';

/** Somewhere that a webhook is sent to, and what the sender must be told for it. */
export interface FarEnd {
  readonly url: string;
  readonly options: Partial<WebhooksOptions>;
  /** Connections, or questions to the resolver, so far. */
  readonly arrived: () => number;
  /** Requests so far. */
  readonly requests: () => number;
  readonly close: () => Promise<void>;
}

const HOST = 'hooks.example';
const none = () => 0;
const nothing = async () => undefined;

/** A certificate that the sender trusts, unless it is told not to. */
export async function withCertificate({
  name = HOST,
  validUntil,
  isTrusted = true,
}: {
  readonly name?: string;
  readonly validUntil?: string;
  readonly isTrusted?: boolean;
} = {}): Promise<FarEnd> {
  const certificate = selfSigned(name, validUntil);
  const receiver = await Receiver.start(certificate);
  return {
    url: receiver.url(HOST),
    options: {
      resolve: async () => ['127.0.0.1'],
      ...(isTrusted ? { certificateAuthorities: [certificate.cert] } : {}),
    },
    arrived: none,
    requests: () => receiver.posts.length,
    close: () => receiver.stop(),
  };
}

export const selfSignedOne = () => withCertificate({ isTrusted: false });
export const expiredCertificate = () => withCertificate({ validUntil: LONG_AGO });
export const certificateOfAnother = () => withCertificate({ name: 'other.example' });

/** HTTP where TLS was expected. */
export async function plainOnTlsPort(): Promise<FarEnd> {
  const receiver = await Receiver.start();
  return {
    url: receiver.url().replace('http:', 'https:'),
    options: {},
    arrived: none,
    requests: () => receiver.posts.length,
    close: () => receiver.stop(),
  };
}

/** Takes connections, and does `greet` with each. */
async function listener(scheme: string, greet: (socket: Socket) => void): Promise<FarEnd> {
  let arrived = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    arrived += 1;
    sockets.add(socket.on('error', () => undefined));
    greet(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    options: {},
    arrived: () => arrived,
    requests: none,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Never says its part of the handshake. */
export const silentHandshake = () => listener('https', () => undefined);
export const resetInHandshake = () => listener('https', (socket) => void socket.resetAndDestroy());

export async function closedPort(): Promise<FarEnd> {
  const once = await listener('http', () => undefined);
  await once.close();
  return { ...once, arrived: none, close: nothing };
}

/** A name with two addresses, and nobody at either. */
export async function closedPorts(): Promise<FarEnd> {
  const closed = await closedPort();
  const resolve = async () => ['127.0.0.1', '::1'];
  return { ...closed, url: closed.url.replace('127.0.0.1', HOST), options: { resolve } };
}

/** `answer` is the resolver's. */
export async function named(answer: () => Promise<string[]>): Promise<FarEnd> {
  let asked = 0;
  const resolve = () => {
    asked += 1;
    return answer();
  };
  return {
    url: `http://${HOST}/`,
    options: { resolve },
    arrived: () => asked,
    requests: none,
    close: nothing,
  };
}

/** As `getaddrinfo` fails. */
export function resolverError(code: string): Promise<string[]> {
  return Promise.reject(Object.assign(new Error(`getaddrinfo ${code} ${HOST}`), { code }));
}
