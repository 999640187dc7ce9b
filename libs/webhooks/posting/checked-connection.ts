import { isIP, type LookupFunction } from 'node:net';
import type { buildConnector } from 'undici';

/** Undici's `buildConnector`, or what stands in for the network in specs. */
export type ConnectorFactory = (
  options: buildConnector.BuildOptions & { readonly lookup?: LookupFunction },
) => buildConnector.connector;

export interface CheckedConnectionOptions {
  /** The addresses that were checked: nothing else is connected to. */
  readonly addresses: readonly string[];
  /** Certificate authorities (PEM) that are trusted instead of the well-known ones; null for those. */
  readonly certificateAuthorities: readonly string[] | null;
  /** Ends a connection that is still being made, too. */
  readonly signal: AbortSignal;
  /** Opens the socket. */
  readonly connector: ConnectorFactory;
  /** Judges the address that the socket really reached; what it throws ends the connection unused. */
  readonly onConnected: (address: string) => void;
}

/**
 * How undici opens the one connection of an attempt. A host name never reaches the resolver again: the
 * lookup answers what was checked, so a name that changes its mind in between (rebinding) changes nothing.
 * For a literal Node calls no lookup: there the literal itself was checked. The certificate is
 * verified against the URL's host name, whatever NODE_TLS_REJECT_UNAUTHORIZED says.
 */
export function checkedConnection(options: CheckedConnectionOptions): buildConnector.connector {
  const connect = options.connector({
    lookup: lookupOf(options.addresses),
    signal: options.signal,
    rejectUnauthorized: true,
    ...(options.certificateAuthorities === null ? {} : { ca: [...options.certificateAuthorities] }),
    keepAlive: false,
    // The attempt's own deadline covers connecting.
    timeout: 0,
  });
  return (target, callback) => {
    connect(target, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      try {
        options.onConnected(socket.remoteAddress ?? '');
      } catch (refusal) {
        socket.destroy();
        return callback(refusal instanceof Error ? refusal : new Error(String(refusal)), null);
      }
      callback(null, socket);
    });
  };
}

function lookupOf(addresses: readonly string[]): LookupFunction {
  const entries = addresses.map((address) => ({ address, family: isIP(address) }));
  return (hostname, options, callback) => {
    const [first] = entries;
    if (first === undefined) return callback(noAddress(hostname), '', 0);
    if (options.all === true) return callback(null, entries);
    callback(null, first.address, first.family);
  };
}

/** As resolvers say it. */
function noAddress(host: string): Error {
  return Object.assign(new Error(`${host} has no address`), { code: 'ENODATA' });
}
