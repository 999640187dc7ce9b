import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { ForemanClient } from './foreman-client';
import { ScriptedGateway, problem } from './spec/scripted-gateway';

const BYTES = Buffer.alloc(200_000, 'equity,');
const ARTIFACT = {
  name: 'equity.csv',
  size: BYTES.length,
  sha256: createHash('sha256').update(BYTES).digest('hex'),
};

describe('downloading an artifact', () => {
  let gateway: ScriptedGateway;
  let client: ForemanClient;

  beforeEach(async () => {
    gateway = await new ScriptedGateway().start();
    client = gateway.client();
  });

  afterEach(async () => {
    await client.close();
    await gateway.stop();
  });

  const download = (artifact = ARTIFACT) => buffer(client.downloadArtifact('j1', artifact));

  it('gives the bytes', async () => {
    gateway.script = (_request, response) => response.end(BYTES);
    expect((await download()).equals(BYTES)).toBe(true);
    expect(gateway.seen[0]?.url).toBe('/jobs/j1/artifacts/equity.csv');
  });

  it('goes on where a broken connection left it', async () => {
    gateway.script = ({ headers }, response, count) => {
      const start = Number(/bytes=(\d+)-/.exec(headers.range ?? 'bytes=0-')?.[1]);
      response.writeHead(count === 1 ? 200 : 206, { 'content-length': BYTES.length - start });
      if (count > 2) return void response.end(BYTES.subarray(start));
      response.write(BYTES.subarray(start, start + 70_000), () => {
        setTimeout(() => response.socket?.destroy(), 20);
      });
    };
    expect((await download()).equals(BYTES)).toBe(true);
    expect(gateway.seen.length).toBe(3);
    expect(gateway.seen[1]?.headers).toMatchObject({
      range: 'bytes=70000-',
      'if-range': `"${ARTIFACT.sha256}"`,
    });
  });

  it.each([
    ['other bytes', Buffer.alloc(BYTES.length, 'x')],
    ['too many', Buffer.concat([BYTES, BYTES])],
    ['too few', BYTES.subarray(1)],
  ])('never ends well with %s', async (_name, bytes) => {
    gateway.script = (_request, response) => response.end(bytes);
    await expect(download()).rejects.toMatchObject({ name: 'ArtifactCorrupted' });
  });

  it('does not wait for the end of what is longer than it may be', async () => {
    gateway.script = (_request, response) => void response.write(Buffer.concat([BYTES, BYTES]));
    await expect(download()).rejects.toThrow(/longer than its 200000 bytes/);
  });

  it('does not glue two versions together', async () => {
    gateway.script = (_request, response, count) => {
      response.writeHead(200, { 'content-length': BYTES.length });
      if (count > 1) return void response.end(BYTES);
      response.write(BYTES.subarray(0, 70_000), () => {
        setTimeout(() => response.socket?.destroy(), 20);
      });
    };
    await expect(download()).rejects.toThrow(/changed while it was downloaded/);
  });

  const OTHER_DIGEST = `sha-256=:${createHash('sha256').update('x').digest('base64')}:`;

  /** Cut after 70,000 bytes; then what `rest` answers. */
  function cutOnce(rest: (response: ServerResponse) => void): void {
    gateway.script = (_request, response, count) => {
      if (count > 1) return rest(response);
      response.writeHead(200, { 'content-length': BYTES.length });
      response.write(BYTES.subarray(0, 70_000), () => {
        setTimeout(() => response.socket?.destroy(), 20);
      });
    };
  }

  it('hands on no byte of an answer that is said to be of other bytes', async () => {
    gateway.script = (_request, response) =>
      response.writeHead(200, { 'repr-digest': `md5=:AAAA:, ${OTHER_DIGEST}` }).end(BYTES);
    const chunks: Buffer[] = [];
    const reading = (async () => {
      for await (const chunk of client.downloadArtifact('j1', ARTIFACT))
        chunks.push(chunk as Buffer);
    })();
    await expect(reading).rejects.toMatchObject({ name: 'ArtifactCorrupted' });
    expect(chunks).toEqual([]);
  });

  it.each(['md5=:AAAA:', 'no dictionary, (', 'sha-256=abc', 'sha-256="abc"'])(
    'overlooks a Repr-Digest that tells no SHA-256: %s',
    async (header) => {
      gateway.script = (_request, response) =>
        response.writeHead(200, { 'repr-digest': header }).end(BYTES);
      expect((await download()).equals(BYTES)).toBe(true);
    },
  );

  it.each([
    ['of other bytes, by its digest', { 'repr-digest': OTHER_DIGEST }, /said to have/],
    ['of another part', { 'content-range': `bytes 69999-199999/${BYTES.length}` }, /instead of/],
    ['of another size', { 'content-range': 'bytes 70000-199999/200001' }, /instead of/],
  ])('does not go on with the rest %s', async (_what, headers, message) => {
    cutOnce((response) => response.writeHead(206, headers).end(BYTES.subarray(70_000)));
    await expect(download()).rejects.toThrow(message);
  });

  it('never ends well when the rest has other bytes', async () => {
    cutOnce((response) => response.writeHead(206).end(Buffer.alloc(BYTES.length - 70_000, 'x')));
    await expect(download()).rejects.toMatchObject({ name: 'ArtifactCorrupted' });
  });

  it('passes a refusal on', async () => {
    gateway.script = (_request, response) => problem(response, 404, 'artifact.not_found');
    await expect(download()).rejects.toMatchObject({ code: 'artifact.not_found' });
  });

  it('asks for a range as told, and shows the headers', async () => {
    gateway.script = (_request, response) =>
      response.writeHead(206, { 'content-range': 'bytes 2-5/10' }).end('2345');
    const { status, headers, body } = await client.openArtifact('j1', 'a', {
      range: { start: 2, end: 5 },
    });
    expect([status, headers['content-range']]).toEqual([206, 'bytes 2-5/10']);
    expect((await buffer(body)).toString()).toBe('2345');
    expect(gateway.seen[0]?.headers.range).toBe('bytes=2-5');
  });
});
