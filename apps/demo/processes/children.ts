import type { ChildProgram } from './child-program';

/** Every child process of the demo, so that none outlives it. */
export class Children {
  private readonly programs: ChildProgram[] = [];

  readonly add = (program: ChildProgram): void => {
    this.programs.push(program);
  };

  /** For the last moment of this process, when nothing can be waited for. */
  killAll(): void {
    for (const program of this.programs) program.kill();
  }

  /** The end of each log, for whoever must find out what went wrong. */
  logs(lineCount: number): string {
    return this.programs
      .map((program) => [`--- ${program.name}`, ...program.log(lineCount)].join('\n'))
      .join('\n');
  }
}
