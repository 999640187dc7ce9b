import { type Series, at } from '../backtest/series';
import { describeConfig } from '../search/config-id';
import type { SearchFindings } from '../search/strategy-search';
import { growthAxis, linearAxis } from './chart/axis-ticks';
import { endLabels, footnoteText, legendLine, percent, subtitleText } from './chart/chart-captions';
import {
  DRAWDOWN_PANEL,
  FONT,
  GROWTH_PANEL,
  HEIGHT,
  INK,
  LEFT,
  MARKET_COLOUR,
  MUTED,
  RIGHT,
  STRATEGY_COLOUR,
  WIDTH,
} from './chart/chart-theme';
import { curveArea, curveLine, heightIn, panelFrame, panelTitle } from './chart/panel';
import { element, escapeXml, textElement } from './chart/svg-markup';
import { timeTicks } from './chart/time-ticks';

/** A run that never lost still gets an axis: one percent deep. */
const SHALLOWEST_DRAWDOWN = -0.01;

/**
 * `equity-curve.svg`: what 1 became in the best config and in buy and hold, and how far each was below its peak.
 * A self-contained picture: no script, no style sheet, no reference to anything outside; all text is escaped.
 */
export function equityChart(findings: SearchFindings): string {
  const { request, best, buyAndHold } = findings;
  const { epochMs } = request.prices;
  const from = at(epochMs, 0);
  const to = at(epochMs, epochMs.length - 1);
  const xAt = (ms: number) => LEFT + ((ms - from) / (to - from)) * (RIGHT - LEFT);
  const xOf = (bar: number) => xAt(at(epochMs, bar));
  const timeAxis = timeTicks(from, to, RIGHT - LEFT);
  const tickXs = timeAxis.map((tick) => xAt(tick.epochMs));

  const [market, chosen] = [buyAndHold.run.equity, best[0].run.equity];
  const growth = growthAxis(...extremes(market, chosen));
  const growthHeight = heightIn(GROWTH_PANEL, growth);
  const [marketFall, chosenFall] = [belowPeak(market), belowPeak(chosen)];
  const [deepest] = extremes(marketFall, chosenFall);
  const drawdown = linearAxis(Math.min(SHALLOWEST_DRAWDOWN, deepest * 1.05), 0, 3);
  const drawdownHeight = heightIn(DRAWDOWN_PANEL, drawdown);
  const title = `${request.symbol} ${request.interval}: ${request.strategy} against buy and hold`;

  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="${escapeXml(FONT)}" font-size="12" fill="${INK}">`,
    element('title', {}, escapeXml(title)),
    element('rect', { width: WIDTH, height: HEIGHT, fill: '#ffffff' }),
    textElement(LEFT, 36, title, { 'font-size': 19, 'font-weight': 600 }),
    textElement(LEFT, 57, subtitleText(findings), { 'font-size': 12.5, fill: MUTED }),
    legendLine(82, STRATEGY_COLOUR, describeConfig(best[0].values), best[0].metrics),
    legendLine(102, MARKET_COLOUR, 'buy and hold', buyAndHold.metrics),
    panelTitle(GROWTH_PANEL, growth.isLogarithmic ? 'Growth of 1 (log scale)' : 'Growth of 1'),
    ...panelFrame(GROWTH_PANEL, growth, tickXs, (value) => `${value}×`),
    curveLine(market, xOf, growthHeight, { colour: MARKET_COLOUR, width: 1.3 }),
    curveLine(chosen, xOf, growthHeight, { colour: STRATEGY_COLOUR, width: 1.7 }),
    ...endLabels(
      [
        { equity: market, colour: MARKET_COLOUR },
        { equity: chosen, colour: STRATEGY_COLOUR },
      ].map(({ equity, colour }) => {
        const multiple = at(equity, equity.length - 1);
        return { y: growthHeight(multiple), multiple, colour };
      }),
    ),
    panelTitle(DRAWDOWN_PANEL, 'Drawdown'),
    ...panelFrame(DRAWDOWN_PANEL, drawdown, tickXs, (value) =>
      percent(value, drawdown.ticks.every((tick) => Number.isInteger(tick * 100)) ? 0 : 1),
    ),
    curveArea(marketFall, xOf, drawdownHeight, 0, MARKET_COLOUR),
    curveLine(marketFall, xOf, drawdownHeight, { colour: MARKET_COLOUR, width: 0.9 }),
    curveArea(chosenFall, xOf, drawdownHeight, 0, STRATEGY_COLOUR),
    curveLine(chosenFall, xOf, drawdownHeight, { colour: STRATEGY_COLOUR, width: 1 }),
    ...timeAxis.map((tick) =>
      textElement(xAt(tick.epochMs), DRAWDOWN_PANEL.bottom + 18, tick.label, {
        'text-anchor': 'middle',
        fill: MUTED,
      }),
    ),
    textElement(LEFT, HEIGHT - 16, footnoteText(request.feeRate), { 'font-size': 11, fill: MUTED }),
    '</svg>',
    '',
  ].join('\n');
}

function extremes(...curves: readonly Series[]): [lowest: number, highest: number] {
  let [lowest, highest] = [Infinity, -Infinity];
  for (const curve of curves) {
    for (const value of curve) {
      if (value < lowest) lowest = value;
      if (value > highest) highest = value;
    }
  }
  return [lowest, highest];
}

/** At each bar the distance to the highest value so far, as a share of it: 0 or below. */
function belowPeak(equity: Series): Series {
  let peak = 0;
  return equity.map((value) => {
    peak = Math.max(peak, value);
    return value / peak - 1;
  });
}
