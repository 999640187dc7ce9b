import { domainToASCII } from 'node:url';
import { NetworkSet, isNetwork, type Address } from './addresses';
import { bareHost } from './bare-host';

const ANYTHING_UNDER = '*.';
/** `domainToASCII` would take the host out of a URL, or what stands before a slash. */
const NOT_OF_A_NAME = /[\s/\\:?#@%]/;
/** What a name consists of once it is in ASCII; the underscore is not for hosts, but resolves. */
const NAME = /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/;

/** Hosts that an operator has denied, by name or by what they resolve to. */
export class DeniedHosts {
  private constructor(
    private readonly names: ReadonlySet<string>,
    private readonly suffixes: readonly string[],
    private readonly networks: NetworkSet,
  ) {}

  /**
   * Each entry is a name (`db.example`, in any script), everything under one (`*.corp.example`), an address or a
   * CIDR. @throws Error that names every entry that is none of these.
   */
  static parse(entries: readonly string[]): DeniedHosts {
    const names = new Set<string>();
    const suffixes: string[] = [];
    const networks: string[] = [];
    const wrong: string[] = [];
    for (const entry of entries) {
      const host = asciiHost(entry);
      const name = host.startsWith(ANYTHING_UNDER) ? host.slice(ANYTHING_UNDER.length) : host;
      if (isNetwork(host)) networks.push(host);
      else if (!NAME.test(name)) wrong.push(entry);
      else if (name === host) names.add(name);
      else suffixes.push(`.${name}`);
    }
    if (wrong.length > 0) throw new Error(`Not a host name or network: ${wrong.join(', ')}`);
    return new DeniedHosts(names, suffixes, NetworkSet.parse(networks));
  }

  /** `host` as `bareHost` gave it. */
  hasName(host: string): boolean {
    return this.names.has(host) || this.suffixes.some((suffix) => host.endsWith(suffix));
  }

  /** `address` as `parseAddress` gave it. */
  hasAddress(address: Address): boolean {
    return this.networks.contains(address);
  }
}

/** As a URL would have it: in ASCII (punycode), without brackets; a network as it stands; empty for nonsense. */
function asciiHost(entry: string): string {
  const bare = bareHost(entry);
  if (isNetwork(bare)) return bare;
  if (NOT_OF_A_NAME.test(bare)) return '';
  const isSuffix = bare.startsWith(ANYTHING_UNDER);
  const ascii = domainToASCII(isSuffix ? bare.slice(ANYTHING_UNDER.length) : bare);
  return bareHost(isSuffix ? ANYTHING_UNDER + ascii : ascii);
}
