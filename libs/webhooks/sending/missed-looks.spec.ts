import { UnitOfWork } from '@foreman/database';
import { eventually, Receiver } from '@foreman/testing';
import { WebhookLab } from '../spec/webhook-lab';
import { DeliveryClaims } from './delivery-claims.store';
import { DeliveryWakeup } from './delivery-wakeup';
import { DueLanes } from './due-lanes.store';

class UndoneError extends Error {}

/** The sender remembers where it has looked. Nothing that is owed may be lost by it. */
describe('what the sender has looked at', () => {
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

  async function completedJob(): Promise<void> {
    const { jobId } = await lab.submit({ url: receiver.url() });
    await lab.complete(jobId);
  }

  it('is looked at again when the unit of work was undone, and is run once more', async () => {
    await completedJob();
    await completedJob();
    const unitOfWork = lab.app.get(UnitOfWork);
    const run = unitOfWork.run.bind(unitOfWork);
    jest.spyOn(unitOfWork, 'run').mockImplementation(async (work, lane) => {
      const undone = run(async (tx) => {
        await work(tx);
        throw new UndoneError();
      }, lane);
      await expect(undone).rejects.toThrow(UndoneError);
      return run(work, lane);
    });

    // The second goes when the first was answered: until then its host is unknown, and has one slot.
    expect(await lab.sender.runOnce()).toMatchObject({ sent: 2 });
  });

  it('is looked at again after 30 s while anything is due', async () => {
    await completedJob();
    const claim = jest
      .spyOn(lab.app.get(DeliveryClaims), 'claim')
      .mockImplementationOnce(async (tx, _slots, now) => {
        await lab.app.get(DueLanes).markDue(tx, now, 1);
        return { deliveries: [], isCutShort: false };
      });
    lab.sender.start();
    await eventually('a wait with an end', () => lab.clock.pendingTimers === 1);
    const looks = claim.mock.calls.length;
    lab.clock.advance(29_999);
    expect(claim).toHaveBeenCalledTimes(looks);
    lab.clock.advance(1);
    await receiver.received(1);
    await lab.sender.stop();
  });

  it('is not looked at again, by no time, when nothing is owed', async () => {
    await completedJob();
    expect(await lab.sender.runOnce()).toMatchObject({ sent: 1 });
    const waits = jest.spyOn(lab.app.get(DeliveryWakeup), 'wait');
    lab.sender.start();
    await eventually('a wait', () => waits.mock.calls.length > 0);
    expect(waits.mock.calls.at(-1)?.[2]).toBeNull();
    await lab.sender.stop();
  });
});
