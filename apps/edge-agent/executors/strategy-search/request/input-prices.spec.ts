import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArtifactObject, LeasedTask } from '@foreman/edge-sdk';
import { RecordingContext, leasedTask } from '../../../spec/recording-context';
import { payloadWithPrices } from './input-prices';

const BARS = [
  { time: '2026-01-01', close: 1 },
  { time: '2026-01-02', close: 2 },
];
const URL = 'http://foreman.test/internal/edges/tasks/1/inputs/prices';

describe('prices from an input', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'foreman-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  function taskWith(payload: object, input: Partial<ArtifactObject> = {}): LeasedTask {
    const prices = {
      name: 'prices',
      content_type: 'application/json',
      size: 100,
      inline: null,
      url: URL,
      sha256: 'ab'.repeat(32),
      ...input,
    };
    return { ...leasedTask('strategy-search', { symbol: 'SPX', ...payload }), inputs: [prices] };
  }

  async function contextWith(text: string): Promise<RecordingContext> {
    const context = new RecordingContext();
    const path = join(folder, 'prices');
    await writeFile(path, text);
    context.inputFiles.set('prices', path);
    return context;
  }

  it('are those of the file, where the payload has none', async () => {
    const context = await contextWith(JSON.stringify(BARS));
    const expected = { symbol: 'SPX', prices: BARS };
    expect(await payloadWithPrices(taskWith({}), context)).toEqual(expected);
    expect(await payloadWithPrices(taskWith({ prices: null }), context)).toEqual(expected);
  });

  it('are the inlined ones without any file', async () => {
    const task = taskWith({}, { inline: BARS, url: null });
    expect(await payloadWithPrices(task, new RecordingContext())).toMatchObject({ prices: BARS });
  });

  it('are read from the file where they came as text', async () => {
    const text = JSON.stringify(BARS);
    const task = taskWith({}, { content_type: 'text/plain', inline: text, url: null });
    expect(await payloadWithPrices(task, await contextWith(text))).toMatchObject({ prices: BARS });
  });

  it("do not take the place of the payload's own, nor of none at all", async () => {
    const own = [{ time: '2020-01-01', close: 9 }];
    const context = new RecordingContext();
    expect(await payloadWithPrices(taskWith({ prices: own }), context)).toMatchObject({
      prices: own,
    });
    const other = taskWith({}, { name: 'other' });
    expect(await payloadWithPrices(other, context)).toEqual({ symbol: 'SPX' });
  });

  it('are refused when they are no JSON, or beyond all measure', async () => {
    const context = await contextWith('time,close');
    await expect(payloadWithPrices(taskWith({}), context)).rejects.toThrow(
      'inputs.prices must be JSON',
    );
    await expect(payloadWithPrices(taskWith({}, { size: 1e9 }), context)).rejects.toThrow(
      'inputs.prices must have at most',
    );
  });
});
