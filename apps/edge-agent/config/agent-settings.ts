import type { AllowedCommands } from '../executors/command';
import type { LogLevel } from '../json-log';

export const KINDS = ['strategy-search', 'chat', 'command'] as const;
export type AgentKind = (typeof KINDS)[number];

/** Everything that this agent was told, checked and complete. */
export interface AgentSettings {
  readonly url: string;
  /** `fmn_` enrols, `fme_` is used as it is; null: the one kept from an earlier enrolment. */
  readonly token: string | null;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly kinds: readonly AgentKind[];
  readonly concurrency: number;
  readonly graceSeconds: number;
  readonly stateDirectory: string;
  /** What may wait in the state directory for a gateway that is away. */
  readonly outboxMaxBytes: number;
  readonly logLevel: LogLevel;
  /** Ed25519, base64; whose releases are fetched. None: they are only told of. */
  readonly releasePublicKeys: readonly string[];
  /** Whether to finish and end, with an exit code of its own, when a release lies ready. */
  readonly upgradeExit: boolean;
  readonly ollama: { readonly host: string; readonly maxResponseBytes: number };
  readonly commands: AllowedCommands;
}

/** What the command line, the environment and the configuration file may each say; the first of them that does, wins. */
export interface AgentInput {
  readonly url?: unknown;
  readonly token?: unknown;
  readonly name?: unknown;
  readonly labels?: unknown;
  readonly kinds?: unknown;
  readonly concurrency?: unknown;
  readonly graceSeconds?: unknown;
  readonly stateDir?: unknown;
  readonly outboxMaxBytes?: unknown;
  readonly logLevel?: unknown;
  readonly releasePublicKeys?: unknown;
  readonly upgradeExit?: unknown;
  readonly ollama?: unknown;
  readonly commands?: unknown;
}
