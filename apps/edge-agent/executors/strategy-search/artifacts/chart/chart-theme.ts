/** Sizes in px and colours of the equity chart. */
export const WIDTH = 1080;
export const HEIGHT = 660;
export const LEFT = 76;
export const RIGHT = WIDTH - 92;

export interface Panel {
  readonly top: number;
  readonly bottom: number;
}

export const GROWTH_PANEL: Panel = { top: 142, bottom: 474 };
export const DRAWDOWN_PANEL: Panel = { top: 504, bottom: 596 };

export const INK = '#1b1f24';
export const MUTED = '#5d6670';
export const GRID = '#e6e9ed';
export const AXIS = '#8d97a1';

/** Blue and orange stay apart for readers who do not tell red from green, and in print without colour. */
export const STRATEGY_COLOUR = '#1f5fb4';
export const MARKET_COLOUR = '#d9822b';

export const FONT = "'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif";
