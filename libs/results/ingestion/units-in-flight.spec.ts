import type { CheckedRow } from '../result-row';
import { UNITS_IN_FLIGHT, UnitsInFlight } from './units-in-flight';

const NO_ROWS: readonly CheckedRow[] = [];

/** A store that settles when it is told to. */
function slowStore() {
  const settle: { resolve: (stored: number) => void; reject: (error: Error) => void }[] = [];
  const flight = new UnitsInFlight(
    () => new Promise<number>((resolve, reject) => settle.push({ resolve, reject })),
  );
  return { flight, settle };
}

/** Whether a promise has settled once everything that could settle it by now has run. */
async function hasSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = () => (settled = true);
  promise.then(note, note);
  await new Promise(setImmediate);
  return settled;
}

describe('units in flight', () => {
  it('are at most so many: the next waits until the oldest is stored', async () => {
    const { flight, settle } = slowStore();
    for (let unit = 1; unit < UNITS_IN_FLIGHT; unit += 1) await flight.add(NO_ROWS);
    const last = flight.add(NO_ROWS);
    expect(await hasSettled(last)).toBe(false);
    settle[0]?.resolve(500);
    expect(await hasSettled(last)).toBe(true);
    expect(settle).toHaveLength(UNITS_IN_FLIGHT);
  });

  it('tell at the end what the last one answered', async () => {
    const { flight, settle } = slowStore();
    expect(await flight.landed()).toBeNull();
    await flight.add(NO_ROWS);
    await flight.add(NO_ROWS);
    const landed = flight.landed();
    settle[0]?.resolve(500);
    expect(await hasSettled(landed)).toBe(false);
    settle[1]?.resolve(1000);
    expect(await landed).toBe(1000);
  });

  it('take no further one after a refusal, and throw it only when none is under way', async () => {
    const { flight, settle } = slowStore();
    await flight.add(NO_ROWS);
    await flight.add(NO_ROWS);
    settle[0]?.reject(new RangeError('first'));
    await new Promise(setImmediate);
    const next = flight.add(NO_ROWS);
    expect(await hasSettled(next)).toBe(false);
    settle[1]?.resolve(500);
    await expect(next).rejects.toThrow('first');
    expect(settle).toHaveLength(2);
  });

  it('that are abandoned are waited for, whatever becomes of them', async () => {
    const { flight, settle } = slowStore();
    await flight.add(NO_ROWS);
    await flight.add(NO_ROWS);
    const abandoned = flight.abandon();
    settle[0]?.reject(new RangeError('first'));
    expect(await hasSettled(abandoned)).toBe(false);
    settle[1]?.resolve(500);
    await abandoned;
  });
});
