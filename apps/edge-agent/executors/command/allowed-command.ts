/** One program that this agent may run, under the name by which a payload asks for it. */
export interface AllowedCommand {
  /** An absolute path: nothing is looked up in PATH. */
  readonly program: string;
  readonly args: readonly string[];
  /** Its longest run; none means until it ends or the task does. */
  readonly timeoutSeconds?: number;
  /** Its whole environment: nothing of the agent's own is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  /** The content type that its stdout is stored as. */
  readonly outputType: string;
  readonly maxOutputBytes: number;
  /** Whether another attempt is worth it after an exit code that is not 0, or a timeout. */
  readonly retryOnFailure: boolean;
}

export type AllowedCommands = ReadonlyMap<string, AllowedCommand>;
