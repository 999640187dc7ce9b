import { READS_A_TURN, ReadTurns } from './read-turns';

describe('turns of reading', () => {
  it('are a few in each turn of the event loop, in the order in which they were asked for', async () => {
    const turns = new ReadTurns();
    const names = Array.from({ length: 3 * READS_A_TURN + 1 }, (_, index) => index);
    const ran: number[] = [];
    for (const name of names) void turns.next().then(() => ran.push(name));
    const inTurn: number[] = [];
    while (ran.length < names.length) {
      const before = ran.length;
      await new Promise((resolve) => setImmediate(resolve));
      inTurn.push(ran.length - before);
    }
    expect(ran).toEqual(names);
    expect(Math.max(...inTurn)).toBe(READS_A_TURN);
  });
});
