import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as plainRequest } from 'node:http';
import type { LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Receiver, answerWith } from '@foreman/testing';
import { GUARD_OFF, GUARD_ON, GuardLab, refusalOf, resolverOf } from '../spec/guard-lab';
import { LoopbackNetwork } from '../spec/loopback-network';
import { selfSigned } from '../spec/self-signed';
import { TargetPolicy, type TargetPolicyOptions } from '../target/target-policy';

const PUBLIC = '93.184.215.14';

/** As in `private-ways.spec`: each target is reached first with the guard off, then refused with it on. */
describe('the detours to a private address', () => {
  let lab: GuardLab;

  beforeEach(async () => {
    lab = await GuardLab.open();
  });

  afterEach(async () => {
    await lab.close();
  });

  it.each([301, 302, 303, 307, 308])('a redirect with %i', async (statusCode) => {
    const inside = await Receiver.start();
    lab.receiver.script.push(answerWith(statusCode, '', { location: inside.url() }));
    const allowed = { ...GUARD_ON, allowedNetworks: ['127.0.0.0/8'] };
    expect(await lab.post({ url: inside.url(), policy: allowed })).toMatchObject({
      statusCode: 204,
    });

    const outcome = await lab.post({ url: lab.receiver.url(), policy: allowed });

    expect(outcome).toMatchObject({ statusCode, errorClass: 'redirect' });
    expect([lab.receiver.posts.length, inside.posts.length]).toEqual([1, 1]);
    await inside.stop();
  });

  describe('a name that changes between check and connect', () => {
    const names = { 'rebinding.example': [[PUBLIC], ['127.0.0.1']] };
    const certificate = selfSigned('rebinding.example');
    let secure: Receiver;

    beforeEach(async () => {
      secure = await Receiver.start(certificate);
    });

    afterEach(async () => {
      await secure.stop();
    });

    it('takes in who checks the name and then connects to the name', async () => {
      const resolve = resolverOf(names);
      new TargetPolicy(GUARD_ON).checkAddresses(
        new URL('https://rebinding.example/'),
        await resolve('rebinding.example'),
      );
      const statusCode = await new Promise((settle, reject) => {
        const lookup: LookupFunction = (host, _options, done) =>
          void resolve(host).then((found) =>
            done(
              null,
              found.map((address) => ({ address, family: 4 })),
            ),
          );
        plainRequest({ host: 'rebinding.example', port: lab.receiver.port, lookup, method: 'POST' })
          .on('response', (response) => settle(response.resume().statusCode))
          .on('error', reject)
          .end();
      });
      expect(statusCode).toBe(204);
      expect(lab.receiver.posts).toHaveLength(1);
    });

    it('takes in nobody here: the connection goes to what was checked, and asks no resolver again', async () => {
      const lan = new LoopbackNetwork(() => secure.port);
      const outcome = await lab.post({
        url: 'https://rebinding.example/',
        names,
        connector: lan.connector,
        authorities: [certificate.cert],
      });
      expect(outcome).toMatchObject({ statusCode: 204, address: PUBLIC });
      expect(lan.dialled).toEqual([PUBLIC]);
    });

    it('is refused when the socket turns out to lead elsewhere, with nothing sent', async () => {
      const lan = new LoopbackNetwork(() => secure.port, { behind: { [PUBLIC]: '10.0.0.1' } });
      const way = {
        url: 'https://rebinding.example/',
        names,
        connector: lan.connector,
        authorities: [certificate.cert],
      };
      expect(await lab.post({ ...way, policy: GUARD_OFF })).toMatchObject({ address: '10.0.0.1' });
      expect(secure.posts).toHaveLength(1);

      expect(refusalOf(await lab.post(way))).toMatch(/leads to 10\.0\.0\.1/);
      expect(lan.dialled).toEqual([PUBLIC, PUBLIC]);
      expect(secure.posts).toHaveLength(1);
    });
  });

  it('https with a certificate for the name does not open a private address', async () => {
    const certificate = selfSigned('hooks.example');
    const secure = await Receiver.start(certificate);
    const way = {
      url: secure.url('hooks.example'),
      names: { 'hooks.example': [['127.0.0.1']] },
      authorities: [certificate.cert],
    };
    expect(await lab.post({ ...way, policy: GUARD_OFF })).toMatchObject({ statusCode: 204 });
    expect(refusalOf(await lab.post(way))).toMatch(/not a public address/);
    expect(secure.posts).toHaveLength(1);
    await secure.stop();
  });

  /** No option turns these off: here the control is a client without any guard. */
  describe('what no setting opens', () => {
    const reachPlainly = async (target: string | { socketPath: string }): Promise<unknown> =>
      new Promise((settle, reject) => {
        const options = typeof target === 'string' ? new URL(target) : target;
        plainRequest(options, (response) => settle(response.resume().statusCode))
          .on('error', reject)
          .end();
      });

    it.each([
      ['a user', 'public.example@'],
      ['a user and a password', 'public.example:443@'],
      ['a password', ':secret@'],
      ['a user that looks like a path', 'public.example%2F@'],
    ])('%s before the host', async (_what, userinfo) => {
      const url = `http://${userinfo}127.0.0.1:${lab.receiver.port}/`;
      expect(await reachPlainly(url)).toBe(204);
      expect(refusalOf(await lab.post({ url, policy: GUARD_OFF }))).toMatch(
        /user name or password/,
      );
      expect(lab.receiver.posts).toHaveLength(1);
    });

    it('a Unix socket', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'foreman-socket-'));
      const socketPath = join(folder, 's');
      let arrived = 0;
      const server = createServer((_request, response) => {
        arrived += 1;
        response.end();
      });
      await new Promise<void>((resolve) => server.listen(socketPath, resolve));
      expect(await reachPlainly({ socketPath })).toBe(200);

      const encoded = encodeURIComponent(socketPath);
      for (const url of [
        `unix:${socketPath}`,
        `unix://${socketPath}:/hook`,
        `http+unix://${encoded}/hook`,
        `http://unix:${socketPath}:/hook`,
        `http://${encoded}/hook`,
        `file://${socketPath}`,
      ]) {
        const { errorClass, address } = await lab.post({ url, policy: GUARD_OFF });
        expect([url, errorClass, address]).toEqual([
          url,
          url.startsWith('http://unix') ? 'dns' : 'target_refused',
          null,
        ]);
      }
      expect(arrived).toBe(1);
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    });
  });

  describe('what an operator has denied, in a network that is allowed', () => {
    const denied = (options: Partial<TargetPolicyOptions>) => ({ ...GUARD_OFF, ...options });

    it.each<[string, Partial<TargetPolicyOptions>, RegExp]>([
      ['its name', { deniedHosts: ['db.example'] }, /names a denied host/],
      ['all names there', { deniedHosts: ['*.example'] }, /names a denied host/],
      ['its address', { deniedHosts: ['10.0.0.5'] }, /leads to 10\.0\.0\.5, which is denied/],
      ['its network', { deniedHosts: ['10.0.0.0/24'] }, /leads to 10\.0\.0\.5, which is denied/],
      ['its port', { deniedPorts: [5432] }, /uses port 5432, which is denied/],
    ])('by %s', async (_what, options, detail) => {
      const way = {
        url: 'http://db.example:5432/',
        names: { 'db.example': [['10.0.0.5']] },
        connector: lab.network().connector,
      };
      expect(await lab.post({ ...way, policy: GUARD_OFF })).toMatchObject({ statusCode: 204 });
      expect(refusalOf(await lab.post({ ...way, policy: denied(options) }))).toMatch(detail);
      expect(lab.receiver.posts).toHaveLength(1);
    });
  });

  it('control: with the guard on, a public address is reached', async () => {
    const certificate = selfSigned('hooks.example');
    const secure = await Receiver.start(certificate);
    const outcome = await lab.post({
      url: 'https://hooks.example/hook',
      names: { 'hooks.example': [[PUBLIC, '2606:4700::6810:84e5']] },
      connector: new LoopbackNetwork(() => secure.port).connector,
      authorities: [certificate.cert],
    });
    expect(outcome).toMatchObject({ statusCode: 204, errorClass: null, address: PUBLIC });
    expect(secure.posts).toHaveLength(1);
    await secure.stop();
  });
});
