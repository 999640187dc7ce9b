import type { ChildProgram } from './child-program';

/** Of requests that went well there are too many to show. */
const UNREMARKABLE = /"level":30,.*"request completed"/;

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
      .flatMap((program) => {
        const lines = program.log().filter((line) => !UNREMARKABLE.test(line));
        return [`--- log of ${program.name}`, ...lines.slice(-lineCount)];
      })
      .join('\n');
  }
}
