/** No host of a URL holds one. */
const SEPARATOR = ' ';

/**
 * What a delivery queues in: the host and port of its URL, and for a standing endpoint a lane of its own, so that one
 * endpoint's pace and backlog are stepped over like a slow host's. The host in such a lane is where the URL led when
 * the event was written; claims go by the URL as it is by then.
 */
export function deliveryLane(endpoint: {
  readonly id: string;
  readonly jobId: string | null;
  readonly url: string;
}): string {
  const host = hostOfUrl(endpoint.url);
  return endpoint.jobId === null ? `${host}${SEPARATOR}${endpoint.id}` : host;
}

/** The host and port, which concurrency is bounded by. What is no URL must fail when it is tried, not stop all claims. */
export function hostOfUrl(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'no-url';
}

/** The same of a lane whose endpoint has one URL for ever. */
export function hostOfLane(lane: string): string {
  return lane.split(SEPARATOR)[0] ?? lane;
}

/** The standing endpoint whose lane it is; null: not one's alone. */
export function endpointOfLane(lane: string): string | null {
  return lane.split(SEPARATOR)[1] ?? null;
}
