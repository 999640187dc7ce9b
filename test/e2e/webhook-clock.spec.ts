import { FakeClock, Receiver, answerWith } from '@foreman/testing';
import { LeaseSweep } from '@foreman/leasing';
import { WebhookSender } from '@foreman/webhooks';
import { type InProcessGateway, startInProcess } from './harness';

const DAY_MS = 86_400_000;

/** A start of the whole gateway takes a second, and many times that on a busy machine. */
jest.setTimeout(60_000);

describe('webhooks while the wall clock is wrong', () => {
  let gateway: InProcessGateway;
  let receiver: Receiver;
  let clock: FakeClock;

  beforeAll(async () => {
    receiver = await Receiver.start();
    clock = new FakeClock(Math.floor(performance.timeOrigin + performance.now()));
    gateway = await startInProcess({ webhookAllowedNetworks: ['127.0.0.0/8'] }, { clock });
  });

  afterAll(async () => {
    await gateway.stop();
    await receiver.stop();
  });

  const setWallClock = async (ms: number) => {
    clock.jumpWall(ms);
    await gateway.app.get(LeaseSweep).runOnce();
  };
  const send = () => gateway.app.get(WebhookSender).runOnce();

  it('what failed while it was thirty days ahead is tried again in its time, once it is put right', async () => {
    await setWallClock(30 * DAY_MS);
    receiver.script.push(answerWith(500), answerWith(204));
    const webhook = { url: receiver.url() };
    const { body } = await gateway.asAdmin('POST', '/jobs', { kind: 'k', webhook });
    await gateway.asAdmin('POST', `/jobs/${String(body['id'])}/cancel`);
    await send();
    await setWallClock(-30 * DAY_MS);
    // 5 s, and the jitter.
    clock.advance(5500);
    await send();
    expect(receiver.posts).toHaveLength(2);
  });
});
