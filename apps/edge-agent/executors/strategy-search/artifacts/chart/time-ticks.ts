interface TimeTick {
  readonly epochMs: number;
  readonly label: string;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTH = 30.44 * DAY;

interface TickStep {
  readonly approximateMs: number;
  /** The start of the period after the one that holds `epochMs`, or `epochMs` itself if a period starts there. */
  ceil(epochMs: number): number;
  label(date: Date): string;
}

const iso = (date: Date, from: number, to: number) => date.toISOString().slice(from, to);

function fixedStep(ms: number, label: (date: Date) => string): TickStep {
  return { approximateMs: ms, ceil: (epochMs) => Math.ceil(epochMs / ms) * ms, label };
}

function monthStep(months: number): TickStep {
  return {
    approximateMs: months * MONTH,
    ceil(epochMs) {
      const date = new Date(epochMs);
      const month = date.getUTCFullYear() * 12 + date.getUTCMonth();
      const start = Math.floor(month / months) * months;
      return monthStart(start) >= epochMs ? monthStart(start) : monthStart(start + months);
    },
    label: (date) => (months % 12 === 0 ? iso(date, 0, 4) : iso(date, 0, 7)),
  };
}

/** Months counted from year 0. Date.UTC takes years below 100 for 19xx; prices are not that old. */
function monthStart(month: number): number {
  return Date.UTC(Math.floor(month / 12), month % 12);
}

const STEPS: readonly TickStep[] = [
  ...[1, 2, 5, 10, 15, 30].map((count) => fixedStep(count * MINUTE, (date) => iso(date, 11, 16))),
  ...[1, 2, 3, 6, 12].map((count) =>
    fixedStep(count * HOUR, (date) => iso(date, 5, 16).replace('T', ' ')),
  ),
  ...[1, 2, 7, 14].map((count) => fixedStep(count * DAY, (date) => iso(date, 0, 10))),
  ...[1, 2, 3, 6, 12, 24, 60, 120, 240].map(monthStep),
];

/** Width of a digit at the chart's font size, and the least gap between two labels. */
const DIGIT_PX = 7;
const GAP_PX = 24;

/** Round UTC instants between two times, as many as labels fit side by side into `widthPx`. */
export function timeTicks(fromMs: number, toMs: number, widthPx: number): TimeTick[] {
  const fits = (step: TickStep) => {
    const labelPx = step.label(new Date(fromMs)).length * DIGIT_PX + GAP_PX;
    return ((toMs - fromMs) / step.approximateMs) * labelPx <= widthPx;
  };
  const step = STEPS.find(fits) ?? (STEPS.at(-1) as TickStep);
  const ticks: TimeTick[] = [];
  for (let ms = step.ceil(fromMs); ms <= toMs; ms = step.ceil(ms + 1)) {
    ticks.push({ epochMs: ms, label: step.label(new Date(ms)) });
  }
  return ticks;
}

/** A time as a reader needs it for bars of this length: with hours only where bars are shorter than a day. */
export function dayOrMinute(epochMs: number, barMs: number): string {
  const text = new Date(epochMs).toISOString();
  return barMs < 0.9 * DAY ? text.slice(0, 16).replace('T', ' ') : text.slice(0, 10);
}
