import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { invalidField } from '@foreman/kernel';
import { AGENT_VERSION } from '../agent-version';
import { EXIT_CODES } from '../exit-codes';
import type { AgentInput } from './agent-settings';

export interface CommandLine {
  readonly flags: AgentInput;
  /** What the file named by `--config` holds. */
  readonly file: unknown;
}

const EXIT_CODE_HELP = `
Exit codes:
  ${EXIT_CODES.stopped}  stopped by a signal or by an operator, nothing left running
  ${EXIT_CODES.fault}  a fault; the log says which
  ${EXIT_CODES.usage}  wrong flags or configuration
  ${EXIT_CODES.tokenRefused}  the gateway refused the token
  ${EXIT_CODES.stateUnusable}  the edge's token or its outbox could not be kept or read, or another agent holds it
  ${EXIT_CODES.upgradeReady}  a verified release lies ready (--upgrade-exit)

Environment: FOREMAN_URL, FOREMAN_TOKEN, FOREMAN_LOG_LEVEL, FOREMAN_RELEASE_PUBLIC_KEYS, OLLAMA_HOST. Flags win over it,
it wins over --config.`;

/** Reads the arguments after the program's name. Throws commander's `CommanderError`, also for --help and --version. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const command = new Command('foreman-edge-agent')
    .description("Leases a Foreman gateway's tasks, runs them, and brings the results back.")
    .version(AGENT_VERSION)
    .option('--url <url>', 'address of the gateway')
    .option('--token <token>', 'enrolment token (fmn_...) or edge token (fme_...)')
    .option('--name <name>', "this edge's unique name (default: the host's)")
    .option('--kinds <kinds>', 'kinds to run, separated by commas', commaSeparated)
    .option('--labels <key=value...>', 'labels that jobs can require', labelPairs)
    .option('--concurrency <n>', 'tasks at a time', wholeNumber)
    .option('--grace-seconds <n>', 'how long tasks may finish on SIGTERM', wholeNumber)
    .option(
      '--state-dir <directory>',
      "where the edge's token and its outbox are (default: ~/.foreman-edge)",
    )
    .option('--outbox-max-bytes <n>', 'what may wait for a gateway that is away', wholeNumber)
    .option(
      '--release-public-keys <keys>',
      'whose releases are fetched: Ed25519 in base64, separated by commas',
      commaSeparated,
    )
    .option(
      '--upgrade-exit',
      `finish and exit ${EXIT_CODES.upgradeReady} when a release lies ready`,
    )
    .option('--config <file>', 'configuration file (JSON)')
    .addHelpText('after', EXIT_CODE_HELP)
    .exitOverride()
    .parse(args, { from: 'user' });
  const { config, ...flags } = command.opts<AgentInput & { config?: string }>();
  return { flags, file: config === undefined ? undefined : readConfigFile(config) };
}

function readConfigFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalidField('config', `${path} cannot be read as JSON: ${reason}`);
  }
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function commaSeparated(text: string, before: string[] = []): string[] {
  const parts = text.split(',').map((part) => part.trim());
  return [...before, ...parts.filter((part) => part !== '')];
}

function labelPairs(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (key === undefined || value === undefined) {
    throw new InvalidArgumentError('It must have the form key=value.');
  }
  return { ...before, [key]: value };
}
