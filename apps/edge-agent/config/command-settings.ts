import { isAbsolute } from 'node:path';
import type { AllowedCommand, AllowedCommands } from '../executors/command';
import type { Findings } from './findings';

const FIELDS = [
  'program',
  'args',
  'timeoutSeconds',
  'env',
  'workingDirectory',
  'outputType',
  'maxOutputBytes',
  'retryOnFailure',
];

const MAX_TIMEOUT_SECONDS = 7 * 24 * 3600;
/** What a gateway on the SQLite blob store takes of one artifact by default. */
const DEFAULT_MAX_OUTPUT_BYTES = 8 * 1024 * 1024;
const MOST_OUTPUT_BYTES = 256 * 1024 * 1024;

/** Reads `commands` of the configuration file: the allow-list of the `command` executor. */
export function readCommands(value: unknown, findings: Findings): AllowedCommands {
  return new Map(
    Object.entries(findings.object(value, 'commands')).map(([name, fields]) => [
      name,
      readCommand(fields, `commands.${name}`, findings),
    ]),
  );
}

function readCommand(value: unknown, path: string, findings: Findings): AllowedCommand {
  const fields = findings.object(value, path, FIELDS);
  const program = findings.text(fields['program'], `${path}.program`, '');
  findings.require(isAbsolute(program), `${path}.program`, 'must be an absolute path');
  const workingDirectory = fields['workingDirectory'];
  if (workingDirectory !== undefined) {
    const isPath = typeof workingDirectory === 'string' && isAbsolute(workingDirectory);
    findings.require(isPath, `${path}.workingDirectory`, 'must be an absolute path');
  }
  const timeoutSeconds = fields['timeoutSeconds'];
  return {
    program,
    args: findings.texts(fields['args'], `${path}.args`),
    env: findings.textMap(fields['env'], `${path}.env`),
    outputType: findings.text(
      fields['outputType'],
      `${path}.outputType`,
      'text/plain; charset=utf-8',
    ),
    retryOnFailure: findings.boolean(fields['retryOnFailure'], `${path}.retryOnFailure`, true),
    maxOutputBytes: findings.number(fields['maxOutputBytes'], `${path}.maxOutputBytes`, {
      fallback: DEFAULT_MAX_OUTPUT_BYTES,
      least: 1,
      most: MOST_OUTPUT_BYTES,
    }),
    ...(typeof workingDirectory === 'string' ? { workingDirectory } : {}),
    ...(timeoutSeconds === undefined
      ? {}
      : {
          timeoutSeconds: findings.number(timeoutSeconds, `${path}.timeoutSeconds`, {
            fallback: 1,
            least: 1,
            most: MAX_TIMEOUT_SECONDS,
          }),
        }),
  };
}
