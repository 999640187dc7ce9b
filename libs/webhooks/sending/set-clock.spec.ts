import { UnitOfWork } from '@foreman/database';
import { answerWith, Receiver } from '@foreman/testing';
import { WebhookLab } from '../spec/webhook-lab';

const HOUR_MS = 3_600_000;
const CLAIM_MS = 20_000;

describe('a wall clock that is set while a unit of work of the sender waits for its turn', () => {
  let receiver: Receiver;
  let lab: WebhookLab;

  beforeEach(async () => {
    receiver = await Receiver.start();
    lab = await WebhookLab.open();
  });

  afterEach(async () => {
    await lab.close();
    await receiver.stop();
  });

  it('is what claims and retries are counted from', async () => {
    const { jobId } = await lab.submit({ url: receiver.url() });
    await lab.complete(jobId);
    const unitOfWork = lab.app.get(UnitOfWork);
    const run = unitOfWork.run.bind(unitOfWork);
    const claims: (number | null)[] = [];
    receiver.script.push(answerWith(500));
    jest.spyOn(unitOfWork, 'run').mockImplementation(async (work, lane) => {
      lab.clock.advance(HOUR_MS);
      const done = await run(work, lane);
      const [row] = await lab.reads.query<{ claimed_until: number | null }>(
        'SELECT claimed_until FROM deliveries',
      );
      claims.push(
        row === undefined || row.claimed_until === null
          ? null
          : row.claimed_until - lab.clock.now(),
      );
      return done;
    });

    expect(await lab.sender.runOnce()).toMatchObject({ failed: 1 });

    expect(claims[0]).toBe(CLAIM_MS);
    const [delivery] = await lab.deliveries(jobId);
    const [attempt] = delivery?.attempts ?? [];
    // An hour passed before the record, and another where a claim came before it.
    const waitedMs =
      Date.parse(delivery?.nextAttemptAt ?? '') - Date.parse(attempt?.startedAt ?? '');
    expect(waitedMs).toBeGreaterThanOrEqual(HOUR_MS + 5000);
  });
});
