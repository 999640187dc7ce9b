import { isIP } from 'node:net';
import { buildConnector } from 'undici';
import type { ConnectorFactory } from '../posting/checked-connection';

/** What the network does with an address, where it is not simply there. */
export interface Routes {
  /** Nobody answers at these: the next address is tried, as Node does. */
  readonly dead?: readonly string[];
  /** Who is really behind an address. Default: that address itself. */
  readonly behind?: Readonly<Record<string, string>>;
}

/**
 * A network in which every address and port leads to one server on this machine, so that a private address that
 * this machine does not own can be shown to be reachable. It stands in for what is below the socket only:
 * who is connected to is decided by what the code under test hands to its connector, as Node decides it: a literal as it
 * is, a name by the `lookup` it was given. The socket tells the address that was dialled as its own.
 */
export class LoopbackNetwork {
  /** Addresses that connections went to, in order. */
  readonly dialled: string[] = [];

  constructor(
    private readonly serverPort: () => number,
    private readonly routes: Routes = {},
  ) {}

  readonly connector: ConnectorFactory = ({ lookup, ...options }) => {
    const connect = buildConnector(options);
    return (target, callback) => {
      const dial = (addresses: readonly string[]) => {
        const address = addresses.find((one) => !this.routes.dead?.includes(one)) ?? '';
        this.dialled.push(address);
        const there = { hostname: '127.0.0.1', port: String(this.serverPort()) };
        connect({ ...target, ...there }, (...[error, socket]) => {
          if (error !== null) return callback(error, null);
          const remoteAddress = this.routes.behind?.[address] ?? address;
          Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress });
          callback(null, socket);
        });
      };
      if (isIP(target.hostname) !== 0) return dial([target.hostname]);
      if (lookup === undefined) throw new Error('a name is looked up again by the system');
      lookup(target.hostname, { all: true }, (error, found) => {
        if (error !== null) return callback(error, null);
        dial(typeof found === 'string' ? [found] : found.map(({ address }) => address));
      });
    };
  };
}
