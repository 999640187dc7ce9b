import { InputLab } from '../spec/input-lab';
import { ArtifactStats } from './artifact-stats';

describe('the figures of inputs', () => {
  let lab: InputLab;
  beforeEach(async () => {
    lab = await InputLab.open();
  });
  afterEach(() => lab.close());

  const figures = () => lab.engine.get(ArtifactStats).inputs();
  /** What counting would say. */
  const counted = async () => {
    const [row] = await lab.engine.reads.query<{ stored: number; bytes: number }>(
      `SELECT (SELECT count(*) FROM inputs WHERE stored_at IS NOT NULL) AS stored,
         (SELECT coalesce(sum(size), 0) FROM input_blobs) AS bytes`,
    );
    return row;
  };

  it('follow inputs from their bytes to their removal, and tell bytes that several have once', async () => {
    expect(await figures()).toEqual({ stored: 0, bytes: 0 });
    const { id: open } = await lab.create();
    expect(await figures()).toEqual({ stored: 0, bytes: 0 });
    const one = await lab.stored('abc');
    const other = await lab.stored('abc');
    expect(await figures()).toEqual({ stored: 2, bytes: 3 });
    await lab.put(open, 'something else');
    await lab.put(open, 'something else');
    expect(await figures()).toEqual({ stored: 3, bytes: 17 });
    expect(await figures()).toEqual(await counted());
    await lab.remove(one.id);
    await lab.sweep();
    expect(await figures()).toEqual({ stored: 2, bytes: 17 });
    await lab.remove(other.id);
    await lab.sweep();
    expect(await figures()).toEqual({ stored: 1, bytes: 14 });
    await lab.remove(open);
    await lab.sweep();
    expect(await figures()).toEqual({ stored: 0, bytes: 0 });
    expect(await lab.count('input_totals')).toBe(0);
  });

  it('are not changed by an upload that is refused', async () => {
    const { id } = await lab.create({ size: 3 });
    await expect(lab.put(id, 'ab')).rejects.toMatchObject({ code: 'request.invalid' });
    const { id: conflicting } = await lab.stored('abc');
    await expect(lab.put(conflicting, 'xyz')).rejects.toMatchObject({ code: 'input.conflict' });
    expect(await figures()).toEqual({ stored: 1, bytes: 3 });
  });
});
