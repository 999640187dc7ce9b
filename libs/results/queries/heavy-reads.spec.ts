import { ResultsSettings } from '../results.options';
import { HeavyReads } from './heavy-reads';

describe('heavy reads', () => {
  it('run two at a time; others wait in their order, and too many are refused', async () => {
    const reads = new HeavyReads(new ResultsSettings({ maxHeavyReads: 2, maxWaitingReads: 2 }));
    const log: string[] = [];
    const ends = new Map<string, () => void>();
    const read = (name: string) =>
      reads.run(async () => {
        log.push(name);
        await new Promise<void>((resolve) => ends.set(name, resolve));
        if (name === 'a') throw new Error('a is broken');
      });
    const a = read('a');
    const others = ['b', 'c', 'd'].map(read);
    await expect(read('e')).rejects.toMatchObject({ code: 'rate.limited' });
    expect(log).toEqual(['a', 'b']);

    ends.get('a')?.();
    await expect(a).rejects.toThrow('a is broken');
    // Others than reads have their turn between the two.
    expect(log).toEqual(['a', 'b']);
    await new Promise(setImmediate);
    expect(log).toEqual(['a', 'b', 'c']);
    others.push(read('f'));
    await expect(read('g')).rejects.toMatchObject({ code: 'rate.limited' });

    for (const name of ['b', 'c', 'd', 'f']) {
      ends.get(name)?.();
      await new Promise(setImmediate);
    }
    await Promise.all(others);
    expect(log).toEqual(['a', 'b', 'c', 'd', 'f']);
    expect(await reads.run(async () => 'free again')).toBe('free again');
  });
});
