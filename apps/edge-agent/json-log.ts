import type { AgentLog } from '@foreman/edge-sdk';
import type { Clock } from '@foreman/kernel';

/** Levels as pino numbers them: the gateway's lines and the agent's are read by the same tools. */
const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60, silent: 70 };

export type LogLevel = keyof typeof LEVELS;

/**
 * JSON lines, in pino's shape. Own code for its size: pino takes 6 MB of memory, a tenth of what an idle agent may
 * have, for transports and serializers that an agent has no use for.
 */
export function jsonLog(
  level: LogLevel,
  base: object,
  clock: Clock,
  write: (line: string) => void,
): AgentLog {
  const at = (name: LogLevel) =>
    LEVELS[name] < LEVELS[level]
      ? () => undefined
      : (fields: object, msg: string) => {
          const line = { level: LEVELS[name], time: clock.now(), ...base, ...fields, msg };
          write(`${JSON.stringify(line)}\n`);
        };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
