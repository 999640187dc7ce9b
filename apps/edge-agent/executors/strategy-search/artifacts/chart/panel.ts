import { type Series, at } from '../../backtest/series';
import type { Axis } from './axis-ticks';
import { AXIS, GRID, LEFT, MUTED, type Panel, RIGHT } from './chart-theme';
import { barsToDraw } from './curve-thinning';
import { element, px, textElement } from './svg-markup';

/** A value's height in a panel. */
type Height = (value: number) => number;

/** As many stretches as give some two px of width each. */
const CURVE_BUCKETS = 460;

export function heightIn(panel: Panel, axis: Axis): Height {
  return (value) => panel.bottom - axis.position(value) * (panel.bottom - panel.top);
}

/** Grid lines, tick labels and the axis lines of one panel. */
export function panelFrame(
  panel: Panel,
  axis: Axis,
  timeTickXs: readonly number[],
  labelOf: (value: number) => string,
): string[] {
  const height = heightIn(panel, axis);
  return [
    ...axis.ticks.map((value) => line(LEFT, height(value), RIGHT, height(value), GRID)),
    ...timeTickXs.map((x) => line(x, panel.top, x, panel.bottom, GRID)),
    ...axis.ticks.map((value) =>
      textElement(LEFT - 10, height(value) + 4, labelOf(value), {
        'text-anchor': 'end',
        fill: MUTED,
      }),
    ),
    line(LEFT, panel.top, LEFT, panel.bottom, AXIS),
    line(LEFT, panel.bottom, RIGHT, panel.bottom, AXIS),
  ];
}

/** The quantity a panel shows, written above its axis. */
export function panelTitle(panel: Panel, text: string): string {
  return textElement(LEFT, panel.top - 9, text, { 'font-weight': 600, 'font-size': 12 });
}

/** A line through every bar that can be told apart at this width. */
export function curveLine(
  values: Series,
  xOf: (bar: number) => number,
  height: Height,
  stroke: { readonly colour: string; readonly width: number },
): string {
  return element('polyline', {
    points: points(values, xOf, height),
    fill: 'none',
    stroke: stroke.colour,
    'stroke-width': stroke.width,
    'stroke-linejoin': 'round',
  });
}

/** The same curve, filled up (or down) to `base`. */
export function curveArea(
  values: Series,
  xOf: (bar: number) => number,
  height: Height,
  base: number,
  colour: string,
): string {
  const corner = (bar: number) => `${px(xOf(bar))},${px(height(base))}`;
  return element('polygon', {
    points: `${corner(0)} ${points(values, xOf, height)} ${corner(values.length - 1)}`,
    fill: colour,
    'fill-opacity': 0.14,
  });
}

function points(values: Series, xOf: (bar: number) => number, height: Height): string {
  return barsToDraw(values, CURVE_BUCKETS)
    .map((bar) => `${px(xOf(bar))},${px(height(at(values, bar)))}`)
    .join(' ');
}

function line(x1: number, y1: number, x2: number, y2: number, stroke: string): string {
  return element('line', { x1, y1, x2, y2, stroke });
}
