/** Where the runtime tells what it does; a pino logger fits. It is never given a token or a payload. */
export interface AgentLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
