import { ExchangeJournal } from './exchange-journal';
import { FaultLink } from './fault-link';
import type { ExchangePlan } from './fault-plan';
import { LateDuplicates } from './late-duplicates';

/** A TCP proxy before a gateway, with a link for each caller, that does to their exchanges what its plan says. */
export class FaultProxy {
  readonly journal = new ExchangeJournal();
  readonly duplicates: LateDuplicates;
  private readonly links: FaultLink[] = [];

  constructor(private readonly gatewayPort: number) {
    this.duplicates = new LateDuplicates(gatewayPort, this.journal);
  }

  /** Opens a link; `link` names it in the plan. With outages it is gone as a whole now and then. */
  async open(
    link: string,
    plan: ExchangePlan,
    { hasOutages }: { readonly hasOutages: boolean },
  ): Promise<FaultLink> {
    const { gatewayPort, journal, duplicates } = this;
    const opened = await FaultLink.open(
      { link, gatewayPort, journal, duplicates },
      plan,
      hasOutages,
    );
    this.links.push(opened);
    return opened;
  }

  /** Ends every connection. Duplicates that are on their way still arrive. */
  async close(): Promise<void> {
    await Promise.all(this.links.map((link) => link.close()));
  }
}
