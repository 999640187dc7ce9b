import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { ForemanClient } from '@foreman/client';
import { sha256Hex } from '@foreman/kernel';
import { type InProcessGateway, startInProcess } from '../harness';

/** A start of the whole gateway takes a second, and many times that on a busy machine. */
jest.setTimeout(60_000);

describe('inputs', () => {
  let gateway: InProcessGateway;
  beforeAll(async () => {
    gateway = await startInProcess();
  });
  afterAll(() => gateway.stop());

  it('are uploaded by the client from bytes, text and streams', async () => {
    const apiKey = await gateway.makeApiKey('jobs:write', 'jobs:read');
    const client = new ForemanClient({ baseUrl: gateway.baseUrl, apiKey });
    const bytes = randomBytes(200_000);
    const contentType = 'application/octet-stream';
    const fromBytes = await client.uploadInput(bytes, { contentType, idempotencyKey: 'k' });
    const again = await client.uploadInput(bytes, { contentType, idempotencyKey: 'k' });
    const stream = () => Readable.from([bytes.subarray(0, 100), bytes.subarray(100)]);
    const fromStream = await client.uploadInput(stream, { contentType, ttlSeconds: 60 });
    const sha256 = sha256Hex(bytes);
    expect(fromBytes).toMatchObject({ sha256, size: bytes.length });
    expect(again.id).toBe(fromBytes.id);
    expect(fromStream).toMatchObject({ sha256, size: bytes.length });
    expect(await client.uploadInput('text', { contentType: 'text/plain' })).toMatchObject({
      sha256: sha256Hex('text'),
    });
    await expect(
      client.uploadInput(stream, { contentType, sha256: sha256Hex('other') }),
    ).rejects.toMatchObject({ code: 'artifact.digest_mismatch' });
    await client.deleteInput(fromStream.id);
    await expect(client.getInput(fromStream.id)).rejects.toMatchObject({ code: 'input.not_found' });
    expect(await client.getInput(fromBytes.id)).toMatchObject({ id: fromBytes.id });
    await client.close();
  });
});
