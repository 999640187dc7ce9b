import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';

export interface DemoOptions {
  /** Leave everything running at the end, until Ctrl-C. */
  readonly keep: boolean;
  /** Where the equity curve is saved. */
  readonly outputDirectory: string;
}

/** Reads the arguments after the program's name. Throws commander's `CommanderError`, also for --help. */
export function readCommandLine(args: readonly string[]): DemoOptions {
  const command = new Command('npm run demo --')
    .description(
      'Starts a gateway, two edges and a service on this machine, runs one job from submission to retention, and checks every step.',
    )
    .option('--keep', 'leave everything running at the end, until Ctrl-C', false)
    .option(
      '--output <directory>',
      'where the equity curve is saved',
      join(tmpdir(), 'foreman-demo'),
    )
    .exitOverride()
    .parse(args, { from: 'user' });
  const { keep, output } = command.opts<{ keep: boolean; output: string }>();
  return { keep, outputDirectory: resolve(output) };
}
