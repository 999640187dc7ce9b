/** Rows as a strategy search makes them: three values of config, five metrics. */
export interface RowTexts {
  readonly configId: string;
  readonly config: string;
  readonly metrics: string;
}

/** The same row for the same number, whoever asks. */
export function rowTexts(index: number): RowTexts {
  const fast = index % 97;
  const metric = (seed: number) => ((index * seed) % 1_000_003) / 1_000_003;
  const isLong = index % 2 === 0;
  return {
    configId: `fast=${fast};slow=${index}`,
    config: `{"fast":${fast},"slow":${index},"threshold":${metric(31)}}`,
    metrics:
      `{"sharpe":${metric(7919) - 0.5},"profit":${metric(104_729)},"drawdown":${-metric(1299)},` +
      `"trades":${index % 900},"isLong":${isLong}}`,
  };
}

/** Lines of one write of the sender. */
const LINES_A_PIECE = 300;

/** NDJSON of the rows from 0 to `count`, made as it is asked for. */
export function* ndjsonOf(count: number): Generator<Buffer> {
  for (let start = 0; start < count; start += LINES_A_PIECE) {
    let text = '';
    for (let index = start; index < Math.min(count, start + LINES_A_PIECE); index += 1) {
      const { configId, config, metrics } = rowTexts(index);
      text += `{"configId":"${configId}","config":${config},"metrics":${metrics}}\n`;
    }
    yield Buffer.from(text);
  }
}
