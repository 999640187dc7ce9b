import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ArtifactObject, JobEvent } from '@foreman/client';
import type { DemoParts } from '../demo-parts';
import type { House } from './raise-house';

/** Fetches the winner's artifacts: one by its URL and by hand, one through the client. */
export async function fetchArtifacts(
  parts: DemoParts,
  house: House,
  { data }: JobEvent,
  winnerTaskIndex: number,
): Promise<void> {
  const { narrator } = parts;
  narrator.chapter("The winner's artifacts");
  await checkLargeArtifact(parts, house, artifactOf(data, `${winnerTaskIndex}.equity.csv`));
  const curve = artifactOf(data, `${winnerTaskIndex}.equity-curve.svg`);
  const file = join(parts.options.outputDirectory, 'equity-curve.svg');
  await mkdir(parts.options.outputDirectory, { recursive: true });
  const bytes = house.research.foreman.downloadArtifact(data.job.id, curve, {
    signal: parts.signal,
  });
  // The client's stream ends well only if size and sha256 are right.
  await pipeline(bytes, createWriteStream(file));
  narrator.check(`the equity curve is saved: ${file}`, true);
}

function artifactOf(data: JobEvent['data'], name: string): ArtifactObject {
  const artifact = data.artifacts.find((one) => one.name === name);
  if (artifact === undefined) throw new Error(`The webhook names no artifact ${name}`);
  return artifact;
}

/** As any HTTP client would: by URL, hashed on the way, held against the signed webhook. */
async function checkLargeArtifact(
  { narrator, signal }: DemoParts,
  { apiKey }: House,
  { name, size, sha256, url, inline }: ArtifactObject,
): Promise<void> {
  narrator.check(
    `${name}, ${Math.round(size / 1024).toLocaleString('en-US')} KiB, is too large to be inlined and has a URL`,
    inline === null && url !== null,
  );
  const response = await fetch(url ?? '', {
    headers: { authorization: `Bearer ${apiKey}` },
    signal,
  });
  const hash = createHash('sha256');
  let received = 0;
  for await (const chunk of response.body ?? []) {
    hash.update(chunk);
    received += chunk.length;
  }
  narrator.check(
    `fetched from ${url}`,
    response.status === 200 && received === size,
    `status ${response.status}, ${received} of ${size} bytes`,
  );
  narrator.check(`its sha256 is the one in the signed webhook`, hash.digest('hex') === sha256);
}
