import type { Metrics } from '../../backtest/metrics';
import type { SearchFindings } from '../../search/strategy-search';
import { LEFT, MUTED, RIGHT } from './chart-theme';
import { element, textElement } from './svg-markup';
import { dayOrMinute } from './time-ticks';

/** Where a legend line's figures start: right of the longest name of a config. */
const FIGURES_X = 470;
/** Two end labels nearer than this would overlap. */
const LABEL_HEIGHT = 14;

/** What was searched, over what. */
export function subtitleText({ request, configCount }: SearchFindings): string {
  const { epochMs } = request.prices;
  const bars = epochMs.length;
  const [first = 0, last = 0] = [epochMs[0], epochMs.at(-1)];
  const period = [first, last]
    .map((ms) => dayOrMinute(ms, (last - first) / (bars - 1)))
    .join(' to ');
  const count = (value: number) => value.toLocaleString('en-US');
  const configs = configCount === 1 ? '1 config' : `${count(configCount)} configs`;
  return `Best of ${configs} by ${request.rankBy}, ${request.searchStrategy} search; ${count(bars)} bars, ${period}`;
}

/** How the figures were made, for whoever meets the picture alone. */
export function footnoteText(feeRate: number): string {
  const fees = feeRate === 0 ? 'without fees' : `fee ${percent(feeRate, 2)} at each entry and exit`;
  return `Long or flat; a decision on a bar's close earns from the next bar on; ${fees}; parameters were chosen on these same bars.`;
}

/** One line of the legend: a swatch, a name, and the figures that readers compare. */
export function legendLine(y: number, colour: string, name: string, metrics: Metrics): string {
  const figures = [
    `total return ${percent(metrics.totalReturn, 1, true)}`,
    `CAGR ${percent(metrics.cagr, 1, true)}`,
    `Sharpe ${metrics.sharpe === null ? 'n/a' : signed(metrics.sharpe.toFixed(2))}`,
    `max drawdown ${percent(metrics.maxDrawdown, 1)}`,
  ].join('  ·  ');
  return [
    element('rect', { x: LEFT, y: y - 7, width: 22, height: 4, rx: 2, fill: colour }),
    textElement(LEFT + 32, y, name, { 'font-weight': 600 }),
    textElement(FIGURES_X, y, figures, { fill: MUTED }),
  ].join('\n');
}

/** Each curve's last multiple beside its end, moved apart where they would overlap. */
export function endLabels(
  ends: readonly { readonly y: number; readonly multiple: number; readonly colour: string }[],
): string[] {
  const downwards = ends.toSorted((a, b) => a.y - b.y);
  const [upper, lower] = downwards;
  const overlap = upper && lower ? Math.max(0, LABEL_HEIGHT - (lower.y - upper.y)) : 0;
  return downwards.map(({ y, multiple, colour }, index) =>
    textElement(
      RIGHT + 8,
      y + 4 + (index === 0 ? -overlap / 2 : overlap / 2),
      `${multipleText(multiple)}×`,
      {
        fill: colour,
        'font-weight': 700,
      },
    ),
  );
}

/** 0.25 as `25%`; with a sign if asked; `n/a` where there is none. */
export function percent(share: number | null, digits: number, withSign = false): string {
  if (share === null) return 'n/a';
  const text =
    Math.abs(share) < 1e6 ? (share * 100).toFixed(digits) : (share * 100).toExponential(1);
  return `${withSign && Number(text) > 0 ? '+' : ''}${signed(text)}%`;
}

/** Hundredths, or whole numbers from a hundred on. */
function multipleText(value: number): string {
  if (value >= 1e6 || value < 0.01) return value.toExponential(1);
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}

/** A true minus sign, and none before a zero. */
function signed(text: string): string {
  return Number(text) === 0 ? text.replace('-', '') : text.replace('-', '\u2212');
}
