import { isoTime } from '@foreman/kernel';

/**
 * `expires_at` of an artifact in a body: how long it can be fetched, which is as long as its job is kept (ISO 8601, as the
 * event froze it; null: not yet known), or by a signed url until that ends (epoch ms; null: its urls are plain). It is the
 * same in every try that has the same urls, so that a retry has the very bytes of the try before it.
 */
export function artifactExpiry(
  artifact: object,
  jobExpiresAt: string | null,
  urlsExpireAt: number | null,
): string | null {
  const hasUrl = 'url' in artifact && artifact.url !== null;
  const urlEnd = hasUrl && urlsExpireAt !== null ? isoTime(urlsExpireAt) : null;
  if (jobExpiresAt === null || urlEnd === null) return jobExpiresAt ?? urlEnd;
  return Date.parse(urlEnd) < Date.parse(jobExpiresAt) ? urlEnd : jobExpiresAt;
}
