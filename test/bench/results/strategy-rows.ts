/** Rows as a grid search makes them, in its order: three values of config, five metrics. */
export interface RowTexts {
  readonly configId: string;
  readonly config: string;
  readonly metrics: string;
}

/** The same row for the same number, whoever asks. */
export function rowTexts(index: number): RowTexts {
  const fast = Math.floor(index / 1000);
  const slow = index % 1000;
  const metric = (seed: number) => ((index * seed) % 1_000_003) / 1_000_003;
  const isLong = index % 2 === 0;
  return {
    configId: `fast=${fast};slow=${slow}`,
    config: `{"fast":${fast},"slow":${slow},"threshold":${metric(31)}}`,
    metrics:
      `{"sharpe":${metric(7919) - 0.5},"profit":${metric(104_729)},"drawdown":${-metric(1299)},` +
      `"trades":${index % 900},"isLong":${isLong}}`,
  };
}

/** Lines of one write of the sender. */
const LINES_A_PIECE = 300;

export function ndjsonOf(rows: readonly RowTexts[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let start = 0; start < rows.length; start += LINES_A_PIECE) {
    const lines = rows
      .slice(start, start + LINES_A_PIECE)
      .map(
        ({ configId, config, metrics }) =>
          `{"configId":"${configId}","config":${config},"metrics":${metrics}}\n`,
      );
    pieces.push(Buffer.from(lines.join('')));
  }
  return pieces;
}
