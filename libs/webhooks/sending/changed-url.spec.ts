import { Receiver } from '@foreman/testing';
import { StandingLab } from '../spec/standing-lab';
import { WebhookLab } from '../spec/webhook-lab';

/** What is owed follows its endpoint: where it goes, and whose slots it takes there. */
describe('deliveries of an endpoint whose URL changes', () => {
  let lab: WebhookLab;
  let standing: StandingLab;
  let dead: Receiver;
  let alive: Receiver;

  beforeEach(async () => {
    [dead, alive] = [await Receiver.start(), await Receiver.start()];
    for (let n = 0; n < 40; n += 1) dead.script.push(() => undefined);
    lab = await WebhookLab.open({ concurrency: 8, concurrencyPerHost: 2 });
    standing = new StandingLab(lab);
  });

  afterEach(async () => {
    await lab.close();
    await Promise.all([dead.stop(), alive.stop()]);
  });

  const change = (id: string, changes: object) =>
    lab.run((tx) => standing.standing.change(tx, id, changes));

  it('leave the slots of the old host: its dead receiver holds them up no longer', async () => {
    const id = await standing.make({ url: dead.url() });
    await standing.completedJobs(6);
    lab.sender.start();
    await dead.received(1);
    await change(id, { url: alive.url() });
    // As an event of another job would wake it.
    await lab.complete((await lab.submit({ url: dead.url() })).jobId);
    await alive.received(5 + 1);
    expect(dead.posts).toHaveLength(1);
    const stopping = lab.sender.stop();
    lab.clock.advance(5000);
    await stopping;
  });

  it('share the slots of the new host with all others that go there', async () => {
    let underWay = 0;
    let most = 0;
    for (let n = 0; n < 30; n += 1) {
      alive.script.push((_request, response) => {
        underWay += 1;
        most = Math.max(most, underWay);
        setImmediate(() =>
          setImmediate(() => {
            underWay -= 1;
            response.writeHead(204).end();
          }),
        );
      });
    }
    const id = await standing.make({ url: dead.url() });
    await standing.completedJobs(6);
    await change(id, { url: alive.url() });
    await standing.completedJobs(6);
    for (let n = 0; n < 6; n += 1)
      await lab.complete((await lab.submit({ url: alive.url() })).jobId);
    await lab.sender.runOnce();
    expect(alive.posts).toHaveLength(6 + 2 * 6 + 6);
    expect(dead.posts).toHaveLength(0);
    expect(most).toBeLessThanOrEqual(2);
  });
});
