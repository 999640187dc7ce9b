import { lookup } from 'node:dns/promises';

type AddressesOf = (host: string) => Promise<string[]>;

/**
 * Every address of a host name, asked of the operating system, so that the hosts file and search domains count. Such a
 * question holds one of libuv's threads until it is answered, which a dead name server puts off for 40 s and longer; it
 * cannot be taken back. So a name is asked for once at a time: tries that come meanwhile wait for the same
 * answer, and one dead name holds one thread however often it is tried.
 */
export class NameLookups {
  private readonly underWay = new Map<string, Promise<string[]>>();

  constructor(private readonly addressesOf: AddressesOf = askSystem) {}

  /** Rejects as `getaddrinfo` fails: ENOTFOUND, EAI_AGAIN. */
  resolve(host: string): Promise<string[]> {
    const asked = this.underWay.get(host);
    if (asked !== undefined) return asked;
    const asking = this.addressesOf(host).finally(() => this.underWay.delete(host));
    this.underWay.set(host, asking);
    return asking;
  }
}

async function askSystem(host: string): Promise<string[]> {
  const entries = await lookup(host, { all: true });
  return entries.map((entry) => entry.address);
}
