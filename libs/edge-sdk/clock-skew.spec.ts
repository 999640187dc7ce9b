import { SystemClock } from '@foreman/kernel';
import { ClockSkew } from './clock-skew';
import { silent } from './spec/agent-fixture';

class SetClock extends SystemClock {
  wallMs = Date.parse('2026-01-01T12:00:00.000Z');
  steadyMs = 0;
  override now = () => this.wallMs;
  override monotonicMs = () => this.steadyMs;
}

describe('ClockSkew', () => {
  let clock: SetClock;
  let warnings: object[];
  let skew: ClockSkew;

  beforeEach(() => {
    clock = new SetClock();
    warnings = [];
    skew = new ClockSkew(clock, { ...silent, warn: (fields) => warnings.push(fields) });
  });

  /** An answer that says the server's clock is so many seconds ahead of ours, after a call of so many. */
  const answer = (aheadSeconds: number, tookSeconds = 0) => {
    const askedMs = clock.steadyMs;
    clock.steadyMs += tookSeconds * 1000;
    clock.wallMs += tookSeconds * 1000;
    skew.answered(new Date(clock.wallMs + aheadSeconds * 1000).toISOString(), askedMs);
    return warnings.length;
  };

  it('warns when the clocks are over 30 s apart, either way', () => {
    expect([answer(30), answer(31)]).toEqual([0, 1]);
    expect(warnings).toEqual([{ skewSeconds: -31 }]);
    expect([answer(0), answer(-30), answer(-31)]).toEqual([1, 1, 2]);
  });

  it('warns once, and again only after they agreed', () => {
    expect([answer(90), answer(80), answer(90)]).toEqual([1, 1, 1]);
    expect([answer(5), answer(90)]).toEqual([1, 2]);
  });

  it('takes a slow call for what it is: the gateway may have answered at its beginning', () => {
    expect(answer(-50, 25)).toBe(0);
    expect(answer(-56, 25)).toBe(1);
  });

  it('makes nothing of a time that cannot be read', () => {
    skew.answered('', 0);
    expect(warnings).toEqual([]);
  });
});
