/** Lines of a gateway's log of level error or fatal (pino's 50 and 60). */
export function errorLines(log: string): string[] {
  return log.split('\n').filter((line) => /"level":(?:50|60)\b/.test(line));
}
