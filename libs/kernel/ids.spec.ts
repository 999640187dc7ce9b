import { RandomIds, isUuid } from './ids';

describe('ids at random', () => {
  const ids = new RandomIds();
  const many = Array.from({ length: 5000 }, () => ids.uuid());

  it('are UUIDs of version 7, of now', () => {
    expect(many.filter((id) => !isUuid(id))).toEqual([]);
    expect(many.filter((id) => !/^.{14}7.{4}[89ab]/.test(id))).toEqual([]);
    const madeAtMs = parseInt((many[0] ?? '').replace('-', '').slice(0, 12), 16);
    expect(Math.abs(Date.now() - madeAtMs)).toBeLessThan(60_000);
  });

  it('rise as they are made, within a millisecond too', () => {
    expect(many.toSorted()).toEqual(many);
    expect(new Set(many).size).toBe(many.length);
  });

  it('go on rising when the clock is set back', () => {
    const systemNow = Date.now;
    const before = ids.uuid();
    Date.now = () => systemNow() - 3_600_000;
    const after = ids.uuid();
    Date.now = systemNow;
    expect(after > before).toBe(true);
  });

  it('have a random end each, and differ between two sources', () => {
    expect(new Set(many.map((id) => id.slice(-8))).size).toBeGreaterThan(many.length - 5);
    const other = new RandomIds();
    expect(other.uuid().slice(-8)).not.toBe(ids.uuid().slice(-8));
  });
});
