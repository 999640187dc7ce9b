import type { EdgePrincipal } from '@foreman/edges';
import { DEFAULT_CHANNEL, type SignedRelease } from '@foreman/kernel';
import { CurrentReleases } from '@foreman/releases';
import { Injectable } from '@nestjs/common';

/** An edge's label of this name says which channel's releases it gets. */
const CHANNEL_LABEL = 'channel';

/** What the gateway would have an edge run. From memory: it costs a heartbeat no SQL. */
@Injectable()
export class ReleaseOffers {
  constructor(private readonly current: CurrentReleases) {}

  /** For an answer to a heartbeat; undefined when there is nothing newer than what the edge runs. */
  async upgradeFor(
    edge: EdgePrincipal,
    agentVersion = edge.agentVersion,
  ): Promise<SignedRelease | undefined> {
    const { platform } = edge;
    const release = await this.current.upgradeFor({
      agentVersion,
      platform,
      channel: channelOf(edge),
    });
    return release ?? undefined;
  }

  /** The current release, whatever the edge runs; null when there is none. */
  async currentFor(
    edge: EdgePrincipal,
    asked: { readonly channel?: string; readonly platform?: string },
  ): Promise<SignedRelease | null> {
    return this.current.find(asked.channel ?? channelOf(edge), asked.platform ?? edge.platform);
  }
}

function channelOf(edge: EdgePrincipal): string {
  return edge.labels[CHANNEL_LABEL] ?? DEFAULT_CHANNEL;
}
