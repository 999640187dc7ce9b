import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock, SystemRandom } from '@foreman/kernel';
import { httpStandIn } from '../spec/http-stand-in';
import type { HttpStandIn } from '../spec/http-stand-in';
import { readSettings } from '../config/read-settings';
import { edgeCredential } from './edge-credential';
import { TokenFile } from './token-file';

describe('edgeCredential', () => {
  let gateway: HttpStandIn;
  let directory: string;
  let status: number;
  let enrolments: { bearer: string | undefined; body: unknown }[];

  beforeEach(async () => {
    status = 201;
    enrolments = [];
    directory = await mkdtemp(join(tmpdir(), 'foreman-state-'));
    gateway = await httpStandIn((request, body, response) => {
      enrolments.push({ bearer: request.headers.authorization, body: JSON.parse(body) });
      response.writeHead(status, { 'content-type': 'application/json' });
      const token = `fme_made${enrolments.length}`;
      response.end(JSON.stringify({ edgeId: 'e1', token, heartbeatSeconds: 20, code: 'x.y' }));
    });
  });

  afterEach(async () => {
    await gateway.close();
    await rm(directory, { recursive: true });
  });

  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const credential = (token?: string, stateDir = directory) => {
    const settings = readSettings(
      {
        url: gateway.url,
        token,
        stateDir,
        name: 'edge-7',
        kinds: ['chat'],
        labels: { gpu: 'yes' },
      },
      {},
      undefined,
    );
    return edgeCredential(settings, {
      clock: new SystemClock(),
      random: new SystemRandom(),
      log,
      platform: 'linux-x64',
      tokenFile: new TokenFile(settings.stateDirectory),
      signal: new AbortController().signal,
    });
  };

  it('uses an edge token as it is', async () => {
    expect(await credential('fme_mine')).toBe('fme_mine');
    expect(enrolments).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
  });

  it('enrols once, and keeps the token for itself alone', async () => {
    const state = join(directory, 'deep', 'state');
    expect(await credential('fmn_once', state)).toBe('fme_made1');
    expect(enrolments).toEqual([
      {
        bearer: 'Bearer fmn_once',
        body: {
          name: 'edge-7',
          kinds: ['chat'],
          labels: { gpu: 'yes' },
          agentVersion: '0.1.0',
          platform: 'linux-x64',
        },
      },
    ]);
    expect((await stat(join(state, 'edge-token.json'))).mode & 0o777).toBe(0o600);
    expect(await readdir(state)).toEqual(['edge-token.json']);
    expect(await readFile(join(state, 'edge-token.json'), 'utf8')).not.toContain('fmn_once');
    expect(await credential('fmn_once', state)).toBe('fme_made1');
    expect(await credential(undefined, state)).toBe('fme_made1');
    expect(enrolments).toHaveLength(1);
  });

  it('enrols again for another enrolment token', async () => {
    await credential('fmn_once');
    expect(await credential('fmn_again')).toBe('fme_made2');
  });

  it('asks for no token that it could not keep', async () => {
    await writeFile(join(directory, 'file'), '');
    await expect(credential('fmn_once', join(directory, 'file'))).rejects.toMatchObject({
      name: 'StateUnusable',
    });
    expect(enrolments).toEqual([]);
  });

  it.each([
    ['open to others', '{}', 0o644, /mode 0600/],
    ['broken', '{"token":', 0o600, /cannot be used/],
    ['of another shape', '{"token":1}', 0o600, /has no gateway/],
  ])('refuses a kept token that is %s', async (_name, text, mode, message) => {
    const path = join(directory, 'edge-token.json');
    await writeFile(path, text);
    await chmod(path, mode);
    await expect(credential('fmn_once')).rejects.toThrow(message);
    expect(enrolments).toEqual([]);
  });

  it('says when the enrolment token is refused, or missing', async () => {
    status = 401;
    await expect(credential('fmn_spent')).rejects.toMatchObject({ name: 'TokenRefused' });
    await expect(credential()).rejects.toThrow(/token is needed/);
  });
});
