import { Initial1763769600000 } from './1763769600000-initial';
import { LeasesOnBadNetworks1763856000000 } from './1763856000000-leases-on-bad-networks';
import { Releases1763942400000 } from './1763942400000-releases';
import { ResultColumns1764028800000 } from './1764028800000-result-columns';
import { SignedUrls1764115200000 } from './1764115200000-signed-urls';
import { Inputs1764201600000 } from './1764201600000-inputs';
import { ArtifactUpkeep1764288000000 } from './1764288000000-artifact-upkeep';
import { WebhookEndpoints1764374400000 } from './1764374400000-webhook-endpoints';
import { ArtifactUsage1764460800000 } from './1764460800000-artifact-usage';
import { PagedUpkeep1764547200000 } from './1764547200000-paged-upkeep';
import { DueDeliveries1764547200001 } from './1764547200001-due-deliveries';
import { FlatCosts1764720000000 } from './1764720000000-flat-costs';
import { UnusedEdgeTokens1764806400000 } from './1764806400000-unused-edge-tokens';
import { LateDuplicates1764892800000 } from './1764892800000-late-duplicates';
import { ClaimGroups1764979200000 } from './1764979200000-claim-groups';

/** Every migration, oldest first. A migration that has been released is never edited. */
export const MIGRATIONS = [
  Initial1763769600000,
  LeasesOnBadNetworks1763856000000,
  Releases1763942400000,
  ResultColumns1764028800000,
  SignedUrls1764115200000,
  Inputs1764201600000,
  ArtifactUpkeep1764288000000,
  WebhookEndpoints1764374400000,
  ArtifactUsage1764460800000,
  PagedUpkeep1764547200000,
  DueDeliveries1764547200001,
  FlatCosts1764720000000,
  UnusedEdgeTokens1764806400000,
  LateDuplicates1764892800000,
  ClaimGroups1764979200000,
] as const;
