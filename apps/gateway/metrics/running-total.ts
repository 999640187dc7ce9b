import { Counter, type Registry } from 'prom-client';

/** A counter whose value somebody else keeps since the start of the process. */
export function runningTotal(
  registry: Registry,
  name: string,
  help: string,
  value: () => number,
): void {
  registry.registerMetric(
    new Counter({
      name,
      help,
      registers: [],
      collect() {
        this.reset();
        this.inc(value());
      },
    }),
  );
}
