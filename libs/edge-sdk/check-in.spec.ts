import { eventually } from '@foreman/testing';
import { agentOn } from './spec/agent-fixture';
import { FastClock } from './spec/fast-clock';
import { StandInGateway } from './spec/stand-in-gateway';

/** Whoever looks at it twice has waited for minutes. */
class RacingClock extends FastClock {
  private looks = 0;

  override monotonicMs(): number {
    this.looks += 1;
    return this.looks * 100_000;
  }
}

describe('an agent between its tasks', () => {
  let gateway: StandInGateway;
  beforeEach(async () => {
    gateway = await new StandInGateway().start();
  });
  afterEach(() => gateway.stop());

  it('checks in now and then although it only polls', async () => {
    const agent = agentOn(gateway, () => Promise.resolve({}), {
      clock: new RacingClock(),
      waitSeconds: 0,
    });
    const running = agent.run();
    const checkIns = () => gateway.callsTo(/^POST [^ ]*(?<!tasks.*)heartbeat$/).length;
    const polls = () => gateway.callsTo(/tasks\/next/).length;
    await eventually('it has polled, and checked in again', () => checkIns() > 3 && polls() > 3);
    agent.stopNow();
    await running;
    expect(checkIns()).toBeGreaterThan(3);
  });
});
