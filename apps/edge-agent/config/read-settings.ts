import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import {
  DEFAULT_CONCURRENCY,
  DEFAULT_GRACE_SECONDS,
  DEFAULT_OUTBOX_MAX_BYTES,
  LEAST_OUTBOX_BYTES,
} from '@foreman/edge-sdk';
import { isReleasePublicKey } from '@foreman/kernel';
import {
  DEFAULT_MAX_RESPONSE_BYTES,
  DEFAULT_OLLAMA_HOST,
} from '../executors/ollama-chat/ollama-defaults';
import type { LogLevel } from '../json-log';
import { KINDS } from './agent-settings';
import type { AgentInput, AgentKind, AgentSettings } from './agent-settings';
import { readCommands } from './command-settings';
import { Findings } from './findings';

const FILE_FIELDS = [
  'url',
  'token',
  'name',
  'labels',
  'kinds',
  'concurrency',
  'graceSeconds',
  'stateDir',
  'outboxMaxBytes',
  'logLevel',
  'releasePublicKeys',
  'upgradeExit',
  'ollama',
  'commands',
];
const LOG_LEVELS: readonly LogLevel[] = [
  'fatal',
  'error',
  'warn',
  'info',
  'debug',
  'trace',
  'silent',
];
const MAX_GRACE_SECONDS = 3600;
const MOST_RESPONSE_BYTES = 256 * 1024 * 1024;
/** A tebibyte; beyond it somebody has miscounted. */
const MOST_OUTBOX_BYTES = 1024 ** 4;

/**
 * Makes checked settings of what the command line, the environment and the configuration file say, in this order of
 * precedence. Throws `request.invalid` with everything that is wrong, at once.
 */
export function readSettings(
  flags: AgentInput,
  environment: AgentInput,
  file: unknown,
): AgentSettings {
  const findings = new Findings();
  const fromFile: AgentInput = findings.object(file, '', FILE_FIELDS);
  const pick = (name: keyof AgentInput) => flags[name] ?? environment[name] ?? fromFile[name];

  const url = findings.text(pick('url'), 'url', '');
  const isAddress = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  findings.require(isAddress, 'url', 'must be the http or https address of the gateway');
  const token = pick('token');
  const isToken =
    token === undefined || (typeof token === 'string' && /^fm[ne]_[\w-]+$/.test(token));
  findings.require(isToken, 'token', 'must be an enrolment token (fmn_) or an edge token (fme_)');
  const commands = readCommands(fromFile.commands, findings);
  const asked = findings.text(pick('logLevel'), 'logLevel', 'info');
  const logLevel = LOG_LEVELS.find((level) => level === asked) ?? 'info';
  findings.require(logLevel === asked, 'logLevel', `must be one of ${LOG_LEVELS.join(', ')}`);
  const ollama = findings.object(fromFile.ollama, 'ollama', ['host', 'maxResponseBytes']);
  const ollamaFromEnvironment = findings.object(environment.ollama, 'OLLAMA_HOST');

  const settings: AgentSettings = {
    url,
    token: typeof token === 'string' ? token : null,
    name: findings.text(pick('name'), 'name', hostname()),
    labels: findings.textMap(pick('labels'), 'labels'),
    kinds: readKinds(pick('kinds'), commands.size > 0, findings),
    concurrency: findings.number(pick('concurrency'), 'concurrency', {
      fallback: DEFAULT_CONCURRENCY,
      least: 1,
      most: 100,
    }),
    graceSeconds: findings.number(pick('graceSeconds'), 'graceSeconds', {
      fallback: DEFAULT_GRACE_SECONDS,
      least: 0,
      most: MAX_GRACE_SECONDS,
    }),
    stateDirectory: resolve(
      findings.text(pick('stateDir'), 'stateDir', join(homedir(), '.foreman-edge')),
    ),
    outboxMaxBytes: findings.number(pick('outboxMaxBytes'), 'outboxMaxBytes', {
      fallback: DEFAULT_OUTBOX_MAX_BYTES,
      least: LEAST_OUTBOX_BYTES,
      most: MOST_OUTBOX_BYTES,
    }),
    logLevel,
    ...readUpgrade(pick('releasePublicKeys'), pick('upgradeExit'), findings),
    ollama: {
      host: findings.text(
        ollamaFromEnvironment['host'] ?? ollama['host'],
        'ollama.host',
        DEFAULT_OLLAMA_HOST,
      ),
      maxResponseBytes: findings.number(ollama['maxResponseBytes'], 'ollama.maxResponseBytes', {
        fallback: DEFAULT_MAX_RESPONSE_BYTES,
        least: 1,
        most: MOST_RESPONSE_BYTES,
      }),
    },
    commands,
  };
  findings.throwIfAny();
  return settings;
}

/** Without keys no release lies ever ready: an agent that waits for one is misconfigured. */
function readUpgrade(
  keys: unknown,
  exit: unknown,
  findings: Findings,
): Pick<AgentSettings, 'releasePublicKeys' | 'upgradeExit'> {
  const releasePublicKeys = findings.texts(keys, 'releasePublicKeys');
  const areKeys = releasePublicKeys.every(isReleasePublicKey);
  findings.require(areKeys, 'releasePublicKeys', 'must be Ed25519 public keys, 32 bytes in base64');
  const upgradeExit = findings.boolean(exit, 'upgradeExit', false);
  const canHappen = !upgradeExit || releasePublicKeys.length > 0;
  findings.require(canHappen, 'upgradeExit', 'needs releasePublicKeys');
  return { releasePublicKeys, upgradeExit };
}

/** Without a word about kinds an agent offers all that it can run; `command` only with an allow-list. */
function readKinds(value: unknown, hasCommands: boolean, findings: Findings): AgentKind[] {
  if (value === undefined) return KINDS.filter((kind) => kind !== 'command' || hasCommands);
  const kinds = findings.texts(value, 'kinds');
  findings.require(kinds.length > 0, 'kinds', 'must name at least one kind');
  for (const kind of kinds) {
    const isKnown = KINDS.some((known) => known === kind);
    findings.require(isKnown, 'kinds', `knows ${KINDS.join(', ')}, not ${kind}`);
  }
  const asksForCommand = kinds.includes('command');
  findings.require(
    !asksForCommand || hasCommands,
    'kinds',
    'names command, but the configuration file allows no commands',
  );
  return KINDS.filter((kind) => kinds.includes(kind));
}
