import { TaskFailure } from '@foreman/edge-sdk';
import type { Completion, Executor, LeasedTask, TaskContext } from '@foreman/edge-sdk';
import type { Clock } from '@foreman/kernel';
import type { AllowedCommand, AllowedCommands } from './allowed-command';
import { runProgram } from './run-program';
import type { ProgramEnd } from './run-program';
import { StderrReader } from './stderr-reader';

/**
 * Kind `command`: runs a program that the agent's operator allowed by name. The payload, `{command, input?}`, chooses
 * the name and goes to the program's stdin as JSON; it can neither add arguments nor reach a shell.
 */
export class CommandExecutor implements Executor {
  readonly kind = 'command';

  constructor(
    private readonly commands: AllowedCommands,
    private readonly clock: Clock,
  ) {}

  async run(task: LeasedTask, context: TaskContext): Promise<Completion> {
    const name = task.payload['command'];
    const command = typeof name === 'string' ? this.commands.get(name) : undefined;
    if (command === undefined) {
      throw new TaskFailure(
        'command.not_allowed',
        `this agent's configuration allows no command of the name ${JSON.stringify(name)}`,
        false,
      );
    }
    const stderr = new StderrReader((report) => context.progress(report));
    const end = await runProgram(command, {
      input: JSON.stringify(task.payload),
      signal: context.signal,
      clock: this.clock,
      onStderr: (chunk) => stderr.push(chunk),
    }).catch((error: Error) => {
      throw new TaskFailure('command.not_started', `${command.program}: ${error.message}`, false);
    });
    stderr.end();
    context.signal.throwIfAborted();
    requireSuccess(command, end, stderr.tail);
    await context.putArtifact({
      name: 'completion',
      contentType: command.outputType,
      body: end.stdout,
    });
    return {};
  }
}

function requireSuccess(command: AllowedCommand, end: ProgramEnd, said: string): void {
  const { retryOnFailure } = command;
  const because = said === '' ? '' : `: ${said}`;
  if (end.ended === 'output_too_large') {
    throw new TaskFailure(
      'command.output_too_large',
      `the program wrote more than ${command.maxOutputBytes} bytes`,
      false,
    );
  }
  if (end.ended === 'timed_out') {
    throw new TaskFailure(
      'command.timed_out',
      `the program ran longer than ${command.timeoutSeconds} s${because}`,
      retryOnFailure,
    );
  }
  if (end.exitCode !== 0) {
    const how = end.killedBy ? `was killed by ${end.killedBy}` : `exited with ${end.exitCode}`;
    throw new TaskFailure('command.failed', `the program ${how}${because}`, retryOnFailure);
  }
}
