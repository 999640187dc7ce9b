import { SecretRotation, WebhookSender } from '@foreman/webhooks';
import { Receiver } from '@foreman/testing';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Webhook } from 'standardwebhooks';
import { createGateway, startGateway } from '../../apps/gateway/create-gateway';
import { type DataFolder, GatewayClient, makeDataFolder, testOptions } from './harness';

jest.setTimeout(120_000);

const OLD = Buffer.alloc(32, 1);
const NEW = Buffer.alloc(32, 2);

/** As docs/operations.md tells it: the key replaced, everything sealed anew, the former key dropped. */
describe('rotating the secret key', () => {
  let folder: DataFolder;
  let receiver: Receiver;
  let app: NestExpressApplication | null = null;

  beforeAll(async () => {
    folder = await makeDataFolder();
    receiver = await Receiver.start();
  });
  afterAll(async () => {
    await app?.close();
    await receiver.stop();
    await folder.remove();
  });

  /** The gateway on the same folder, after a restart with these keys. */
  const restart = async (secretKey: Buffer, ...previousSecretKeys: Buffer[]) => {
    await app?.close();
    const keys = { secretKey, previousSecretKeys, webhookAllowedNetworks: ['127.0.0.0/8'] };
    const options = await testOptions(folder.path, keys);
    app = await createGateway(options, { schedules: false });
    const baseUrl = await startGateway(app, options);
    return { app, gateway: new GatewayClient(baseUrl, options.adminToken) };
  };

  it('breaks no URL and no webhook before the former key is dropped', async () => {
    const first = await restart(OLD);
    const { gateway } = first;
    const edge = await gateway.enrolEdge(['study']);
    const submit = async () => {
      const webhook = { url: receiver.url() };
      const body = { kind: 'study', webhook };
      return (
        await gateway.call<{ id: string; webhook: { secret: string } }>('POST', '/jobs', {
          token: gateway.adminToken,
          body,
        })
      ).body;
    };
    const job = await submit();
    const later = await submit();
    const atEdge = (on: GatewayClient, path: string, lease = '') =>
      on.call<{ taskId: string; leaseToken: string }>('POST', `/internal/edges/tasks/${path}`, {
        token: edge.token,
        body: {},
        headers: { 'Foreman-Lease': lease },
      });
    const task = (await atEdge(gateway, 'next')).body;
    await atEdge(gateway, `${task.taskId}/complete`, task.leaseToken);
    const issue = async (on: GatewayClient) => {
      const path = `/jobs/${job.id}/artifacts/completion/download-url`;
      const { body } = await on.asAdmin<{ url: string }>('POST', path, {});
      const { pathname, search } = new URL(body.url);
      return pathname + search;
    };
    const oldUrl = await issue(gateway);

    const second = await restart(NEW, OLD);
    const newUrl = await issue(second.gateway);
    expect((await second.gateway.call('GET', oldUrl)).status).toBe(200);
    expect((await second.gateway.call('GET', newUrl)).status).toBe(200);
    expect(await second.app.get(SecretRotation).runOnce()).toEqual({ resealed: 2, unreadable: 0 });

    const third = await restart(NEW);
    expect((await third.gateway.call('GET', newUrl)).status).toBe(200);
    expect((await third.gateway.call('GET', oldUrl)).body).toMatchObject({
      code: 'auth.forbidden',
    });
    const next = (await atEdge(third.gateway, 'next')).body;
    await atEdge(third.gateway, `${next.taskId}/complete`, next.leaseToken);
    await third.app.get(WebhookSender).runOnce();
    const post = receiver.posts.find(({ body }) => body.includes(later.id));
    const verified = new Webhook(later.webhook.secret).verify(post?.body ?? '', {
      ...post?.headers,
    });
    expect(verified).toMatchObject({ type: 'job.completed' });
  });
});
