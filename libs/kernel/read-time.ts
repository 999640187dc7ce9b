/** An offset of hours alone is ISO 8601; RFC 3339 always has its minutes. */
const TIME =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?(?:[Zz]|([+-])(\d{2})(?::?(\d{2}))?)?)?$/;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * A date, or a date and time, of ISO 8601 / RFC 3339 in ms since the epoch; null for anything else, days that no month
 * has among it. What says no zone is UTC, on every machine. Of a fraction the milliseconds count, the rest is cut off.
 * 24:00 is the end of a day, and a leap second (23:59:60 UTC, at the end of a month) the second after it, as clocks
 * that know none show it.
 */
export function readTime(text: string): number | null {
  const match = TIME.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const [fraction = '', sign = '+', offsetHour = '0', offsetMinute = '0'] = match.slice(7);
  const midnight = midnightOf(year ?? 0, month ?? 0, day ?? 0);
  if (midnight === null) return null;
  const ms = Number(fraction.padEnd(3, '0').slice(0, 3));
  const ofDay = dayTimeMs(hour ?? 0, minute ?? 0, second ?? 0);
  const offset = offsetMs(Number(offsetHour), Number(offsetMinute));
  if (ofDay === null || offset === null) return null;
  if (hour === 24 && (ofDay !== DAY_MS || /[1-9]/.test(fraction))) return null;
  const whole = midnight + ofDay - (sign === '-' ? -offset : offset);
  if (second === 60 && !beginsMonth(whole)) return null;
  return whole + ms;
}

/** Null for a day that is not in the calendar. */
function midnightOf(year: number, month: number, day: number): number | null {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : null;
}

/** A second of 60 and an hour of 24 are judged by what they come to. */
function dayTimeMs(hour: number, minute: number, second: number): number | null {
  if (hour > 24 || minute > 59 || second > 60) return null;
  return ((hour * 60 + minute) * 60 + second) * 1000;
}

function offsetMs(hour: number, minute: number): number | null {
  return hour > 23 || minute > 59 ? null : (hour * 60 + minute) * MINUTE_MS;
}

function beginsMonth(ms: number): boolean {
  return ms % DAY_MS === 0 && new Date(ms).getUTCDate() === 1;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** IMF-fixdate, the one form that senders may use (RFC 9110, 5.6.7). */
const HTTP_DATE = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}:\d{2}:\d{2}) GMT$/;

/** A date of an HTTP header in ms since the epoch; null for anything else. */
export function readHttpDate(text: string): number | null {
  const [, day, name = '', year, time] = HTTP_DATE.exec(text) ?? [];
  const month = String(MONTHS.indexOf(name) + 1).padStart(2, '0');
  return readTime(`${year}-${month}-${day}T${time}Z`);
}
