import { ReadTurns } from './read-turns';

/** What has run by the end of each turn of the event loop. */
async function byTurn(turns: number, ran: readonly string[]): Promise<string[]> {
  const seen: string[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(ran.join(''));
  }
  return seen;
}

describe('turns of reading', () => {
  it('are one in each turn of the event loop, in the order in which they were asked for', async () => {
    const turns = new ReadTurns();
    const ran: string[] = [];
    for (const name of ['a', 'b', 'c']) void turns.next().then(() => ran.push(name));
    const seen = await byTurn(4, ran);
    expect(seen.at(-1)).toBe('abc');
    const steps = seen.map((after, turn) => after.length - (seen[turn - 1]?.length ?? 0));
    expect(Math.max(...steps)).toBe(1);
  });
});
