import { isIP } from 'node:net';
import { DomainError } from '@foreman/kernel';
import { NetworkSet, isPublicUnicast, parseAddress } from './addresses';
import { bareHost } from './bare-host';
import { DeniedHosts } from './denied-hosts';

/** Longer ones are cut or refused by servers and proxies anyway. */
const MAX_URL_CHARS = 2048;
/** What `localhost` and everything under it means, whatever a resolver says (RFC 6761). */
const LOCALHOST_ADDRESSES = ['127.0.0.1', '::1'];

export interface TargetPolicyOptions {
  /** CIDRs that may be private, and may use http. */
  readonly allowedNetworks: readonly string[];
  readonly deniedPorts: readonly number[];
  /** Exact names, `*.example.com` for everything under one, addresses, CIDRs; denied though they were allowed. */
  readonly deniedHosts: readonly string[];
}

/**
 * Where webhooks may go: `https` to public unicast addresses, and `http` or `https` into the allowed networks.
 * A URL is judged twice: at submission for what is certain then, and at each connection with the
 * addresses that it is about to use.
 */
export class TargetPolicy {
  private readonly allowed: NetworkSet;
  private readonly deniedPorts: ReadonlySet<number>;
  private readonly deniedHosts: DeniedHosts;

  /** @throws Error naming every network or host that is none. */
  constructor(options: TargetPolicyOptions) {
    this.allowed = NetworkSet.parse(options.allowedNetworks);
    this.deniedPorts = new Set(options.deniedPorts);
    this.deniedHosts = DeniedHosts.parse(options.deniedHosts);
  }

  /**
   * All that can be told without asking DNS. Answers the parsed URL, in which every numeric
   * form of an IPv4 address (2130706433, 0x7f.1, full-width digits) has become the plain one.
   * @throws `webhook.target_refused`.
   */
  checkUrl(text: string): URL {
    if (text.length > MAX_URL_CHARS) throw refused(`is longer than ${MAX_URL_CHARS} characters`);
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url === null) throw refused('is not an absolute URL');
    if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refused('is not https');
    if (url.username !== '' || url.password !== '') {
      throw refused('carries a user name or password; receivers verify the signature instead');
    }
    if (this.deniedPorts.has(portOf(url)))
      throw refused(`uses port ${portOf(url)}, which is denied`);
    if (this.deniedHosts.hasName(bareHost(url.hostname))) throw refused('names a denied host');
    this.checkCertainAddresses(url);
    return url;
  }

  /**
   * Every address that the host resolved to must be allowed, so that no choice among them can go wrong.
   * @throws `webhook.target_refused`.
   */
  checkAddresses(url: URL, addresses: readonly string[]): void {
    for (const text of addresses) {
      const address = parseAddress(text);
      if (this.deniedHosts.hasAddress(address)) throw refused(`leads to ${text}, which is denied`);
      if (this.allowed.contains(address)) continue;
      if (!isPublicUnicast(address)) {
        throw refused(
          `leads to ${text}, which is not a public address; FOREMAN_WEBHOOK_ALLOWED_NETWORKS can allow its network`,
        );
      }
      if (url.protocol !== 'https:') {
        throw refused(
          `must be https; http is only for networks in FOREMAN_WEBHOOK_ALLOWED_NETWORKS, and ${text} is in none`,
        );
      }
    }
  }

  private checkCertainAddresses(url: URL): void {
    const host = bareHost(url.hostname);
    if (isIP(host) !== 0) return this.checkAddresses(url, [host]);
    if (host === 'localhost' || host.endsWith('.localhost')) {
      const isAllowedSomewhere = LOCALHOST_ADDRESSES.some((address) =>
        this.allowed.contains(parseAddress(address)),
      );
      if (!isAllowedSomewhere) this.checkAddresses(url, LOCALHOST_ADDRESSES);
    } else if (url.protocol === 'http:' && this.allowed.isEmpty) {
      throw refused('must be https');
    }
  }
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

function refused(why: string): DomainError {
  return new DomainError('webhook.target_refused', `The webhook's url ${why}.`);
}
